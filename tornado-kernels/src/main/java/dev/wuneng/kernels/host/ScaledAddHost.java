package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.Scratch;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

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

    /** Items are blocks of rows, which are read one after the other, while thread memory holds the sums of all channels. */
    public static HostBody backwardScale(View y, View dout, View partial, int rows, int width, int share, int block) {
        return (from, to, at, scratch) -> {
            float[] sums = scratch.floats(width);
            MemorySegment in = y.segment();
            MemorySegment upstream = dout.segment();
            FloatArray out = partial.floats();
            for (int b = from; b < to; b++) {
                Arrays.fill(sums, 0, width, 0f);
                for (int r = b * block; r < Math.min(rows, (b + 1) * block); r++) {
                    for (int c = 0; c < width; c += Lanes.LENGTH) {
                        FloatVector product = Lanes.load(in, at[0] + r * width + c).mul(Lanes.load(upstream, at[1] + r * width + c));
                        Lanes.store(Lanes.load(sums, c).add(product), sums, c);
                    }
                }
                for (int s = 0; s < width / share; s++) {
                    float sum = 0f;
                    for (int c = s * share; c < (s + 1) * share; c++) {
                        sum += sums[c];
                    }
                    out.set(at[2] + b * (width / share) + s, sum);
                }
            }
        };
    }
}
