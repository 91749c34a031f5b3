package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@link dev.wuneng.kernels.op.Attention#backwardPrepare} in vectors: items are (row, head). */
public final class AttentionPrepareHost {
    private AttentionPrepareHost() {
    }

    public static HostBody of(View o, View dO, View lse, View stats, int headSize) {
        return (from, to, at, scratch) -> {
            MemorySegment out = o.segment();
            MemorySegment upstream = dO.segment();
            FloatArray sums = lse.floats();
            FloatArray both = stats.floats();
            for (int i = from; i < to; i++) {
                FloatVector dot = Lanes.of(0f);
                for (int j = i * headSize; j < (i + 1) * headSize; j += Lanes.LENGTH) {
                    dot = Lanes.load(out, at[0] + j).fma(Lanes.load(upstream, at[1] + j), dot);
                }
                both.set(at[3] + i * 2, sums.get(at[2] + i));
                both.set(at[3] + i * 2 + 1, Lanes.sum(dot));
            }
        };
    }
}
