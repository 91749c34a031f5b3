package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** {@link dev.wuneng.kernels.op.SwiGlu} in vectors, a block of elements an item. */
public final class SwiGluHost {
    private SwiGluHost() {
    }

    public static HostBody forward(View g, View u, View h, int count) {
        return (from, to, at, scratch) -> {
            MemorySegment gates = g.segment();
            MemorySegment ups = u.segment();
            MemorySegment out = h.segment();
            int end = Blocks.end(to, count);
            for (int i = Blocks.begin(from); i < end; i += Lanes.LENGTH) {
                FloatVector gate = Lanes.load(gates, at[0] + i);
                Lanes.store(gate.mul(VectorMath.sigmoid(gate)).mul(Lanes.load(ups, at[1] + i)), out, at[2] + i);
            }
        };
    }

    public static HostBody backward(View g, View u, View dh, View dg, View du, int count) {
        return Passes.of(1, open(g, du, count), gradients(g, u, dh, dg, du, count));
    }

    /** Leaves σ(g) where the gradient of u belongs. */
    private static HostBody open(View g, View du, int count) {
        return (from, to, at, scratch) -> {
            MemorySegment gates = g.segment();
            MemorySegment out = du.segment();
            int end = Blocks.end(to, count);
            for (int i = Blocks.begin(from); i < end; i += Lanes.LENGTH) {
                Lanes.store(VectorMath.sigmoid(Lanes.load(gates, at[0] + i)), out, at[4] + i);
            }
        };
    }

    private static HostBody gradients(View g, View u, View dh, View dg, View du, int count) {
        return (from, to, at, scratch) -> {
            MemorySegment gates = g.segment();
            MemorySegment ups = u.segment();
            MemorySegment upstream = dh.segment();
            MemorySegment gateGradients = dg.segment();
            MemorySegment upGradients = du.segment();
            int end = Blocks.end(to, count);
            for (int i = Blocks.begin(from); i < end; i += Lanes.LENGTH) {
                FloatVector gate = Lanes.load(gates, at[0] + i);
                FloatVector open = Lanes.load(upGradients, at[4] + i);
                FloatVector gradient = Lanes.load(upstream, at[2] + i);
                FloatVector steep = Lanes.of(1f).sub(open).fma(gate, Lanes.of(1f)).mul(open);
                Lanes.store(gradient.mul(Lanes.load(ups, at[1] + i)).mul(steep), gateGradients, at[3] + i);
                Lanes.store(gradient.mul(gate).mul(open), upGradients, at[4] + i);
            }
        };
    }
}
