package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** {@link dev.wuneng.kernels.op.Tanh} in vectors, a block of elements an item. */
public final class TanhHost {
    private TanhHost() {
    }

    public static HostBody forward(View x, View y, int size) {
        return (from, to, at, scratch) -> {
            MemorySegment in = x.segment();
            MemorySegment out = y.segment();
            int end = Blocks.end(to, size);
            for (int i = Blocks.begin(from); i < end; i += Lanes.LENGTH) {
                Lanes.store(VectorMath.tanh(Lanes.load(in, at[0] + i)), out, at[1] + i);
            }
        };
    }

    public static HostBody backward(View y, View dy, View dx, int size) {
        return (from, to, at, scratch) -> {
            MemorySegment out = y.segment();
            MemorySegment upstream = dy.segment();
            MemorySegment gradient = dx.segment();
            int end = Blocks.end(to, size);
            for (int i = Blocks.begin(from); i < end; i += Lanes.LENGTH) {
                FloatVector bent = Lanes.load(out, at[0] + i);
                Lanes.store(Lanes.load(upstream, at[1] + i).mul(Lanes.of(1f).sub(bent.mul(bent))), gradient, at[2] + i);
            }
        };
    }
}
