package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.Scratch;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** {@link dev.wuneng.kernels.op.ScaledAdd} in vectors; items are rows where nothing else is said. */
public final class ScaledAddHost {
    private ScaledAddHost() {
    }

    public static HostBody forward(View x, View scale, View y, View out, int width, int share) {
        return (from, to, at, scratch) -> {
            float[] factors = factors(scale, at[1], width, share, scratch);
            MemorySegment first = x.segment();
            MemorySegment second = y.segment();
            MemorySegment sum = out.segment();
            for (int r = from; r < to; r++) {
                int row = r * width;
                for (int c = 0; c < width; c += Lanes.LENGTH) {
                    FloatVector scaled = Lanes.load(factors, c).mul(Lanes.load(second, at[2] + row + c));
                    Lanes.store(Lanes.load(first, at[0] + row + c).add(scaled), sum, at[3] + row + c);
                }
            }
        };
    }

    public static HostBody scaled(View scale, View y, View out, int width, int share) {
        return (from, to, at, scratch) -> {
            float[] factors = factors(scale, at[0], width, share, scratch);
            MemorySegment in = y.segment();
            MemorySegment product = out.segment();
            for (int r = from; r < to; r++) {
                int row = r * width;
                for (int c = 0; c < width; c += Lanes.LENGTH) {
                    Lanes.store(Lanes.load(factors, c).mul(Lanes.load(in, at[1] + row + c)), product, at[2] + row + c);
                }
            }
        };
    }

    /** The factor of every channel of a row. */
    private static float[] factors(View scale, int at, int width, int share, Scratch scratch) {
        float[] factors = scratch.floats(width);
        for (int c = 0; c < width; c++) {
            factors[c] = scale.floats().get(at + c / share);
        }
        return factors;
    }

    /** Sums over rows with a factor for every channel; items are blocks of rows. */
    public static HostBody backwardScale(View y, View dout, View partial, int rows, int width, int block) {
        return (from, to, at, scratch) -> {
            MemorySegment in = y.segment();
            MemorySegment upstream = dout.segment();
            MemorySegment out = partial.segment();
            for (int b = from; b < to; b++) {
                int end = Math.min(rows, (b + 1) * block);
                for (int c = 0; c < width; c += Lanes.LENGTH) {
                    FloatVector sum = Lanes.of(0f);
                    for (int r = b * block; r < end; r++) {
                        sum = Lanes.load(in, at[0] + r * width + c).fma(Lanes.load(upstream, at[1] + r * width + c), sum);
                    }
                    Lanes.store(sum, out, at[2] + b * width + c);
                }
            }
        };
    }

    /** Sums over rows and the channels that share a factor; items are (block of rows, factor). */
    public static HostBody backwardSharedScale(View y, View dout, View partial, int rows, int width, int share, int block) {
        int factors = width / share;
        return (from, to, at, scratch) -> {
            MemorySegment in = y.segment();
            MemorySegment upstream = dout.segment();
            for (int n = from; n < to; n++) {
                int b = n / factors;
                int c0 = (n - b * factors) * share;
                int end = Math.min(rows, (b + 1) * block);
                FloatVector sum = Lanes.of(0f);
                for (int r = b * block; r < end; r++) {
                    for (int c = c0; c < c0 + share; c += Lanes.LENGTH) {
                        sum = Lanes.load(in, at[0] + r * width + c).fma(Lanes.load(upstream, at[1] + r * width + c), sum);
                    }
                }
                partial.floats().set(at[2] + n, Lanes.sum(sum));
            }
        };
    }
}
