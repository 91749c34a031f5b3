package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** {@link dev.wuneng.kernels.op.Distillation} in vectors; chunks of a row are runs of columns here. */
public final class DistillationHost {
    /** Values a chunk leaves. */
    private static final int PARTIAL = 6;

    private DistillationHost() {
    }

    /** Items are (row, chunk). */
    public static HostBody partial(View student, View teacher, View partial, int studentWidth, int teacherWidth, int tokens, int chunks, int chunk,
            float temperature) {
        return (from, to, at, scratch) -> {
            MemorySegment students = student.segment();
            MemorySegment teachers = teacher.segment();
            FloatArray out = partial.floats();
            float coldness = 1f / temperature;
            for (int i = from; i < to; i++) {
                int r = i / chunks;
                int first = (i - r * chunks) * chunk;
                int size = Math.min(tokens - first, chunk);
                int s0 = at[0] + r * studentWidth + first;
                int t0 = at[1] + r * teacherWidth + first;
                float largestS = CrossEntropyHost.largest(students, s0, size);
                float largestT = CrossEntropyHost.largest(teachers, t0, size);
                FloatVector sum = Lanes.of(0f);
                FloatVector warmS = Lanes.of(0f);
                FloatVector warmT = Lanes.of(0f);
                FloatVector apart = Lanes.of(0f);
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    int left = size - j;
                    FloatVector s = Lanes.load(students, s0 + j, left).sub(largestS);
                    FloatVector t = Lanes.load(teachers, t0 + j, left).sub(largestT);
                    FloatVector e = Lanes.cut(VectorMath.exp(t.mul(coldness)), left, 0f);
                    sum = sum.add(Lanes.cut(VectorMath.exp(s), left, 0f));
                    warmS = warmS.add(Lanes.cut(VectorMath.exp(s.mul(coldness)), left, 0f));
                    warmT = warmT.add(e);
                    apart = e.fma(t.sub(s), apart);
                }
                int o = at[2] + i * PARTIAL;
                out.set(o, largestS);
                out.set(o + 1, Lanes.sum(sum));
                out.set(o + 2, Lanes.sum(warmS));
                out.set(o + 3, largestT);
                out.set(o + 4, Lanes.sum(warmT));
                out.set(o + 5, Lanes.sum(apart));
            }
        };
    }

    /** Items are rows. */
    public static HostBody gradient(View student, View teacher, View labels, View mask, View stats, View scales, int studentWidth, int teacherWidth,
            int tokens, float temperature) {
        return (from, to, at, scratch) -> {
            MemorySegment students = student.segment();
            MemorySegment teachers = teacher.segment();
            FloatArray elements = student.floats();
            IntArray label = labels.buffer().ints();
            IntArray counts = mask.buffer().ints();
            FloatArray sums = stats.floats();
            float coldness = 1f / temperature;
            for (int r = from; r < to; r++) {
                int s0 = at[0] + r * studentWidth;
                int t0 = at[1] + r * teacherWidth;
                int of = label.get(at[2] + r);
                int o = at[4] + r * 3;
                float hard = of < 0 ? 0f : scales.floats().get(at[5] + 1);
                float soft = counts.get(at[3] + r) == 0 ? 0f : scales.floats().get(at[5]) * temperature;
                int counted = of < 0 && counts.get(at[3] + r) == 0 ? 0 : tokens;
                float lse = sums.get(o);
                float lseS = sums.get(o + 1);
                float lseT = sums.get(o + 2);
                for (int j = 0; j < counted; j += Lanes.LENGTH) {
                    int left = counted - j;
                    FloatVector s = Lanes.load(students, s0 + j, left);
                    FloatVector q = VectorMath.exp(s.mul(coldness).sub(lseS));
                    FloatVector p = VectorMath.exp(Lanes.load(teachers, t0 + j, left).mul(coldness).sub(lseT));
                    FloatVector gradient = q.sub(p).mul(soft).add(VectorMath.exp(s.sub(lse)).mul(hard));
                    Lanes.store(gradient, students, s0 + j, left);
                }
                students.asSlice(4L * (s0 + counted), 4L * (studentWidth - counted)).fill((byte) 0);
                if (of >= 0) {
                    elements.set(s0 + of, elements.get(s0 + of) - hard);
                }
            }
        };
    }
}
