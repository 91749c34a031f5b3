package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** Gated and weighted {@link dev.wuneng.kernels.op.MiddleHead} in vectors; items are rows. */
public final class MiddleHeadHost {
    private MiddleHeadHost() {
    }

    public static HostBody gated(View pre, View bias, View a, View k, View g, View m, int width) {
        return Passes.of(Passes.ROWS, (from, to, at, scratch) -> {
            MemorySegment before = pre.segment();
            MemorySegment biases = bias.segment();
            MemorySegment gates = g.segment();
            for (int r = from; r < to; r++) {
                int row = r * width;
                for (int c = 0; c < width; c += Lanes.LENGTH) {
                    FloatVector sum = Lanes.load(before, at[0] + row + c).add(Lanes.load(biases, at[1] + c));
                    Lanes.store(VectorMath.sigmoid(sum), gates, at[4] + row + c);
                }
            }
        }, (from, to, at, scratch) -> {
            MemorySegment attention = a.segment();
            MemorySegment state = k.segment();
            MemorySegment gates = g.segment();
            MemorySegment out = m.segment();
            for (int c = from * width; c < to * width; c += Lanes.LENGTH) {
                FloatVector key = Lanes.load(state, at[3] + c);
                FloatVector change = Lanes.load(attention, at[2] + c).sub(key);
                Lanes.store(Lanes.load(gates, at[4] + c).fma(change, key), out, at[5] + c);
            }
        });
    }

    public static HostBody backwardGated(View a, View k, View g, View dm, View da, View dk, View dpre, int width) {
        return (from, to, at, scratch) -> {
            MemorySegment attention = a.segment();
            MemorySegment state = k.segment();
            MemorySegment gates = g.segment();
            MemorySegment upstream = dm.segment();
            MemorySegment toAttention = da.segment();
            MemorySegment toState = dk.segment();
            MemorySegment toGate = dpre.segment();
            for (int c = from * width; c < to * width; c += Lanes.LENGTH) {
                FloatVector gate = Lanes.load(gates, at[2] + c);
                FloatVector up = Lanes.load(upstream, at[3] + c);
                FloatVector open = gate.mul(up);
                FloatVector closed = up.sub(open);
                Lanes.store(open, toAttention, at[4] + c);
                Lanes.store(closed, toState, at[5] + c);
                FloatVector change = Lanes.load(attention, at[0] + c).sub(Lanes.load(state, at[1] + c));
                Lanes.store(closed.mul(gate).mul(change), toGate, at[6] + c);
            }
        };
    }

    public static HostBody weighted(View beta, View a, View k, View m, int width) {
        return (from, to, at, scratch) -> {
            MemorySegment weights = beta.segment();
            MemorySegment attention = a.segment();
            MemorySegment state = k.segment();
            MemorySegment out = m.segment();
            for (int r = from; r < to; r++) {
                int row = r * width;
                for (int c = 0; c < width; c += Lanes.LENGTH) {
                    FloatVector share = VectorMath.sigmoid(Lanes.load(weights, at[0] + c));
                    FloatVector key = Lanes.load(state, at[2] + row + c);
                    Lanes.store(share.fma(Lanes.load(attention, at[1] + row + c).sub(key), key), out, at[3] + row + c);
                }
            }
        };
    }

    public static HostBody backwardWeighted(View beta, View dm, View da, View dk, int width) {
        return (from, to, at, scratch) -> {
            MemorySegment weights = beta.segment();
            MemorySegment upstream = dm.segment();
            MemorySegment attention = da.segment();
            MemorySegment state = dk.segment();
            for (int r = from; r < to; r++) {
                int row = r * width;
                for (int c = 0; c < width; c += Lanes.LENGTH) {
                    FloatVector up = Lanes.load(upstream, at[1] + row + c);
                    FloatVector toAttention = up.mul(VectorMath.sigmoid(Lanes.load(weights, at[0] + c)));
                    Lanes.store(toAttention, attention, at[2] + row + c);
                    Lanes.store(up.sub(toAttention), state, at[3] + row + c);
                }
            }
        };
    }
}
