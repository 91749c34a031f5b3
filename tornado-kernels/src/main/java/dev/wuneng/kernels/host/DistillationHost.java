package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * {@link dev.wuneng.kernels.op.Distillation} in vectors; chunks of a row are runs of columns here. Every loop has one exp: with three of
 * them the JVM's compiler stops inlining half-way, and vectors become objects.
 */
public final class DistillationHost {
    /** Values a chunk leaves. */
    private static final int PARTIAL = 6;
    /** Values a row leaves. */
    private static final int STATS = 3;

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
            int t0 = Lanes.roundUp(chunk);
            float[] rows = scratch.floats(2 * t0);
            for (int i = from; i < to; i++) {
                int r = i / chunks;
                int first = (i - r * chunks) * chunk;
                int columns = Math.min(tokens - first, chunk);
                int size = Lanes.roundUp(columns);
                Lanes.read(students, at[0] + r * studentWidth + first, rows, 0, columns, SoftmaxHost.LOWEST);
                Lanes.read(teachers, at[1] + r * teacherWidth + first, rows, t0, columns, SoftmaxHost.LOWEST);
                float largestS = SoftmaxHost.largest(rows, 0, size);
                float largestT = SoftmaxHost.largest(rows, t0, size);
                int o = at[2] + i * PARTIAL;
                out.set(o, largestS);
                out.set(o + 1, SoftmaxHost.sumExp(rows, size, largestS, 1f));
                out.set(o + 2, SoftmaxHost.sumExp(rows, size, largestS, coldness));
                out.set(o + 3, largestT);
                teacherSums(rows, t0, size, largestS, largestT, coldness, out, o + 4);
            }
        };
    }

    private static void teacherSums(float[] rows, int t0, int size, float largestS, float largestT, float coldness, FloatArray out, int o) {
        FloatVector warm = Lanes.of(0f);
        FloatVector apart = Lanes.of(0f);
        for (int j = 0; j < size; j += Lanes.LENGTH) {
            FloatVector t = Lanes.load(rows, t0 + j).sub(largestT);
            FloatVector e = VectorMath.exp(t.mul(coldness));
            warm = warm.add(e);
            apart = e.fma(t.sub(Lanes.load(rows, j).sub(largestS)), apart);
        }
        out.set(o, Lanes.sum(warm));
        out.set(o + 1, Lanes.sum(apart));
    }

    /** Items are rows. */
    public static HostBody gradient(View student, View teacher, View labels, View mask, View stats, View scales, int studentWidth, int teacherWidth,
            int tokens, int chunk, float temperature) {
        return (from, to, at, scratch) -> {
            MemorySegment students = student.segment();
            MemorySegment teachers = teacher.segment();
            float coldness = 1f / temperature;
            int padded = Lanes.roundUp(chunk);
            float[] rows = scratch.floats(3 * padded);
            for (int r = from; r < to; r++) {
                int s0 = at[0] + r * studentWidth;
                int t0 = at[1] + r * teacherWidth;
                int label = labels.buffer().ints().get(at[2] + r);
                boolean distilled = mask.buffer().ints().get(at[3] + r) != 0;
                float soft = distilled ? scales.floats().get(at[5]) * temperature : 0f;
                float hard = label < 0 ? 0f : scales.floats().get(at[5] + 1);
                FloatArray sums = stats.floats();
                int o = at[4] + r * STATS;
                int counted = label < 0 && !distilled ? 0 : tokens;
                for (int first = 0; first < counted; first += chunk) {
                    int columns = Math.min(counted - first, chunk);
                    int size = Lanes.roundUp(columns);
                    Lanes.read(students, s0 + first, rows, 0, columns, SoftmaxHost.LOWEST);
                    Lanes.read(teachers, t0 + first, rows, padded, columns, SoftmaxHost.LOWEST);
                    SoftmaxHost.exp(rows, padded, padded, size, coldness, sums.get(o + 2));
                    SoftmaxHost.exp(rows, 0, 2 * padded, size, coldness, sums.get(o + 1));
                    SoftmaxHost.exp(rows, 0, 0, size, 1f, sums.get(o));
                    mix(rows, padded, size, soft, hard);
                    Lanes.write(rows, 0, students, s0 + first, columns);
                }
                students.asSlice(4L * (s0 + counted), 4L * (studentWidth - counted)).fill((byte) 0);
                if (label >= 0) {
                    student.floats().set(s0 + label, student.floats().get(s0 + label) - hard);
                }
            }
        };
    }

    private static void mix(float[] rows, int padded, int size, float soft, float hard) {
        for (int j = 0; j < size; j += Lanes.LENGTH) {
            FloatVector apart = Lanes.load(rows, 2 * padded + j).sub(Lanes.load(rows, padded + j));
            Lanes.store(apart.mul(soft).add(Lanes.load(rows, j).mul(hard)), rows, j);
        }
    }
}
