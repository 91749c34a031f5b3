package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** {@link dev.wuneng.kernels.op.Embedding} of a table of float32, a row an item. */
public final class EmbeddingHost {
    private EmbeddingHost() {
    }

    public static HostBody forward(View ids, View table, View x, int width) {
        return (from, to, at, scratch) -> {
            IntArray tokens = ids.buffer().ints();
            for (int r = from; r < to; r++) {
                long row = at[1] + (long) tokens.get(at[0] + r) * width;
                MemorySegment.copy(table.segment(), 4 * row, x.segment(), 4L * (at[3] + r * width), 4L * width);
            }
        };
    }

    /** The item of the first row of a token adds up all of its rows; those of the others have nothing to do. */
    public static HostBody backward(View ids, View order, View runs, View dx, View dtable, int width) {
        return (from, to, at, scratch) -> {
            IntArray tokens = ids.buffer().ints();
            IntArray sorted = order.buffer().ints();
            IntArray lengths = runs.buffer().ints();
            MemorySegment upstream = dx.segment();
            MemorySegment gradient = dtable.segment();
            for (int first = from; first < to; first++) {
                int run = lengths.get(at[2] + first);
                int row = at[4] + tokens.get(at[0] + sorted.get(at[1] + first)) * width;
                for (int j = 0; j < width && run > 0; j += Lanes.LENGTH) {
                    FloatVector sum = Lanes.of(0f);
                    for (int k = first; k < first + run; k++) {
                        sum = sum.add(Lanes.load(upstream, at[3] + sorted.get(at[1] + k) * width + j));
                    }
                    Lanes.store(Lanes.load(gradient, row + j).add(sum), gradient, row + j);
                }
            }
        };
    }
}
