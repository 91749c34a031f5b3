package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** {@link dev.wuneng.kernels.op.CrossEntropy} in vectors; chunks of a row are runs of columns here. */
public final class CrossEntropyHost {
    private CrossEntropyHost() {
    }

    /** Items are (row, chunk). */
    public static HostBody partial(View logits, View partial, int width, int tokens, int chunks, int chunk) {
        return (from, to, at, scratch) -> {
            MemorySegment x = logits.segment();
            FloatArray out = partial.floats();
            for (int i = from; i < to; i++) {
                int r = i / chunks;
                int first = (i - r * chunks) * chunk;
                int size = Math.min(tokens - first, chunk);
                int x0 = at[0] + r * width + first;
                float largest = largest(x, x0, size);
                out.set(at[1] + 2 * i, largest);
                out.set(at[1] + 2 * i + 1, sumExp(x, x0, size, largest));
            }
        };
    }

    static float largest(MemorySegment x, int x0, int size) {
        FloatVector largest = Lanes.of(-Float.MAX_VALUE);
        for (int j = 0; j < size; j += Lanes.LENGTH) {
            largest = largest.max(Lanes.cut(Lanes.load(x, x0 + j, size - j), size - j, -Float.MAX_VALUE));
        }
        return Lanes.max(largest);
    }

    private static float sumExp(MemorySegment x, int x0, int size, float largest) {
        FloatVector sum = Lanes.of(0f);
        for (int j = 0; j < size; j += Lanes.LENGTH) {
            sum = sum.add(Lanes.cut(VectorMath.exp(Lanes.load(x, x0 + j, size - j).sub(largest)), size - j, 0f));
        }
        return Lanes.sum(sum);
    }

    /** Items are rows. */
    public static HostBody gradient(View logits, View labels, View lse, View scale, int width, int tokens) {
        return (from, to, at, scratch) -> {
            MemorySegment x = logits.segment();
            FloatArray elements = logits.floats();
            IntArray of = labels.buffer().ints();
            float factor = scale.floats().get(at[3]);
            for (int r = from; r < to; r++) {
                int x0 = at[0] + r * width;
                int label = of.get(at[1] + r);
                int counted = label < 0 ? 0 : tokens;
                float total = lse.floats().get(at[2] + r);
                for (int j = 0; j < counted; j += Lanes.LENGTH) {
                    FloatVector probability = VectorMath.exp(Lanes.load(x, x0 + j, counted - j).sub(total));
                    Lanes.store(probability.mul(factor), x, x0 + j, counted - j);
                }
                x.asSlice(4L * (x0 + counted), 4L * (width - counted)).fill((byte) 0);
                if (label >= 0) {
                    elements.set(x0 + label, elements.get(x0 + label) - factor);
                }
            }
        };
    }
}
