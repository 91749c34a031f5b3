package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** What takes a logistic function in {@link dev.wuneng.kernels.op.MiddleHead}, in vectors; items are rows. */
public final class MiddleHeadHost {
    private MiddleHeadHost() {
    }

    public static HostBody gated(View pre, View bias, View a, View k, View g, View m, int width) {
        return Passes.of((from, to, at, scratch) -> {
            MemorySegment before = pre.segment();
            MemorySegment biases = bias.segment();
            MemorySegment gates = g.segment();
            int row = from * width;
            for (int c = 0; c < width; c += Lanes.LENGTH) {
                int left = width - c;
                FloatVector sum = Lanes.load(before, at[0] + row + c, left).add(Lanes.load(biases, at[1] + c, left));
                Lanes.store(VectorMath.sigmoid(sum), gates, at[4] + row + c, left);
            }
        }, (from, to, at, scratch) -> {
            MemorySegment attention = a.segment();
            MemorySegment state = k.segment();
            MemorySegment gates = g.segment();
            MemorySegment out = m.segment();
            int row = from * width;
            for (int c = 0; c < width; c += Lanes.LENGTH) {
                int left = width - c;
                FloatVector key = Lanes.load(state, at[3] + row + c, left);
                FloatVector change = Lanes.load(attention, at[2] + row + c, left).sub(key);
                Lanes.store(Lanes.load(gates, at[4] + row + c, left).fma(change, key), out, at[5] + row + c, left);
            }
        });
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
                    int left = width - c;
                    FloatVector share = VectorMath.sigmoid(Lanes.load(weights, at[0] + c, left));
                    FloatVector key = Lanes.load(state, at[2] + row + c, left);
                    Lanes.store(share.fma(Lanes.load(attention, at[1] + row + c, left).sub(key), key), out, at[3] + row + c, left);
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
                    int left = width - c;
                    FloatVector up = Lanes.load(upstream, at[1] + row + c, left);
                    FloatVector toAttention = up.mul(VectorMath.sigmoid(Lanes.load(weights, at[0] + c, left)));
                    Lanes.store(toAttention, attention, at[2] + row + c, left);
                    Lanes.store(up.sub(toAttention), state, at[3] + row + c, left);
                }
            }
        };
    }
}
