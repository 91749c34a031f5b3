package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** {@link dev.wuneng.kernels.op.ScaledAdd} with a factor for every channel, in vectors; items are rows. */
public final class ScaledAddHost {
    private ScaledAddHost() {
    }

    public static HostBody forward(View x, View scale, View y, View out, int width) {
        return (from, to, at, scratch) -> {
            MemorySegment first = x.segment();
            MemorySegment factors = scale.segment();
            MemorySegment second = y.segment();
            MemorySegment sum = out.segment();
            for (int r = from; r < to; r++) {
                int row = r * width;
                for (int c = 0; c < width; c += Lanes.LENGTH) {
                    int left = width - c;
                    FloatVector scaled = Lanes.load(factors, at[1] + c, left).mul(Lanes.load(second, at[2] + row + c, left));
                    Lanes.store(Lanes.load(first, at[0] + row + c, left).add(scaled), sum, at[3] + row + c, left);
                }
            }
        };
    }

    public static HostBody scaled(View scale, View y, View out, int width) {
        return (from, to, at, scratch) -> {
            MemorySegment factors = scale.segment();
            MemorySegment in = y.segment();
            MemorySegment product = out.segment();
            for (int r = from; r < to; r++) {
                int row = r * width;
                for (int c = 0; c < width; c += Lanes.LENGTH) {
                    int left = width - c;
                    Lanes.store(Lanes.load(factors, at[0] + c, left).mul(Lanes.load(in, at[1] + row + c, left)), product, at[2] + row + c, left);
                }
            }
        };
    }
}
