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
            float[] row = scratch.floats(Lanes.roundUp(chunk));
            for (int i = from; i < to; i++) {
                int r = i / chunks;
                int first = (i - r * chunks) * chunk;
                int size = Math.min(tokens - first, chunk);
                Lanes.read(x, at[0] + r * width + first, row, 0, size, SoftmaxHost.LOWEST);
                float largest = SoftmaxHost.largest(row, 0, Lanes.roundUp(size));
                out.set(at[1] + 2 * i, largest);
                out.set(at[1] + 2 * i + 1, SoftmaxHost.sumExp(row, Lanes.roundUp(size), largest, 1f));
            }
        };
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
