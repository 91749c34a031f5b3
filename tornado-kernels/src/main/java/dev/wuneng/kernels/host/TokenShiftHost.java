package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** {@link dev.wuneng.kernels.op.TokenShift} in vectors. */
public final class TokenShiftHost {
    private TokenShiftHost() {
    }

    /** Items are rows. */
    public static HostBody forward(View z, View mix, View pos, View out, int heads, int kvHeads, int headSize, int stride) {
        return (from, to, at, scratch) -> {
            MemorySegment in = z.segment();
            MemorySegment mixes = mix.segment();
            MemorySegment shifted = out.segment();
            IntArray positions = pos.buffer().ints();
            int width = kvHeads * headSize;
            for (int n = from * heads; n < to * heads; n++) {
                int r = n / heads;
                int h = n - r * heads;
                boolean follows = positions.get(at[2] + r) != 0;
                int z0 = at[0] + r * width + h * kvHeads / heads * headSize;
                // Where a segment begins, the row before counts as zero.
                int before = follows ? z0 - width : z0;
                FloatVector share = Lanes.of(follows ? 1f : 0f);
                for (int j = 0; j < headSize; j += Lanes.LENGTH) {
                    FloatVector now = Lanes.load(in, z0 + j);
                    FloatVector change = Lanes.load(in, before + j).mul(share).sub(now);
                    Lanes.store(Lanes.load(mixes, at[1] + h * headSize + j).fma(change, now), shifted, at[3] + n * stride + j);
                }
            }
        };
    }

    /** Items are (row, head of z). */
    public static HostBody backwardInput(View mix, View pos, View dout, View dz, int rows, int heads, int kvHeads, int headSize, int stride,
            boolean adds) {
        int group = heads / kvHeads;
        return (from, to, at, scratch) -> {
            MemorySegment mixes = mix.segment();
            MemorySegment upstream = dout.segment();
            MemorySegment gradient = dz.segment();
            IntArray positions = pos.buffer().ints();
            for (int n = from; n < to; n++) {
                int r = n / kvHeads;
                int h0 = (n - r * kvHeads) * group;
                boolean mixed = r + 1 < rows && positions.get(at[1] + r + 1) != 0;
                for (int j = 0; j < headSize; j += Lanes.LENGTH) {
                    int d = at[3] + n * headSize + j;
                    FloatVector sum = adds ? Lanes.load(gradient, d) : Lanes.of(0f);
                    for (int h = h0; h < h0 + group; h++) {
                        int g = at[2] + (r * heads + h) * stride + j;
                        FloatVector m = Lanes.load(mixes, at[0] + h * headSize + j);
                        FloatVector now = Lanes.load(upstream, g);
                        sum = sum.add(now).sub(m.mul(now));
                        if (mixed) {
                            sum = m.fma(Lanes.load(upstream, g + heads * stride), sum);
                        }
                    }
                    Lanes.store(sum, gradient, d);
                }
            }
        };
    }

    /** Items are (block of rows, head). */
    public static HostBody backwardMix(View z, View pos, View dout, View partial, int rows, int heads, int kvHeads, int headSize, int stride, int block) {
        return (from, to, at, scratch) -> {
            MemorySegment in = z.segment();
            MemorySegment upstream = dout.segment();
            MemorySegment out = partial.segment();
            IntArray positions = pos.buffer().ints();
            for (int n = from; n < to; n++) {
                int b = n / heads;
                int h = n - b * heads;
                int end = Math.min(rows, (b + 1) * block);
                int z0 = at[0] + h * kvHeads / heads * headSize;
                int g0 = at[2] + h * stride;
                int j = 0;
                for (; j + 4 * Lanes.LENGTH <= headSize; j += 4 * Lanes.LENGTH) {
                    mixFour(in, z0 + j, kvHeads * headSize, upstream, g0 + j, heads * stride, positions, at[1], b * block, end,
                            out, at[3] + n * headSize + j);
                }
                for (; j < headSize; j += Lanes.LENGTH) {
                    FloatVector sum = Lanes.of(0f);
                    for (int r = b * block; r < end; r++) {
                        int now = z0 + r * kvHeads * headSize + j;
                        FloatVector change = Lanes.load(in, now).neg();
                        if (positions.get(at[1] + r) != 0) {
                            change = change.add(Lanes.load(in, now - kvHeads * headSize));
                        }
                        sum = Lanes.load(upstream, g0 + r * heads * stride + j).fma(change, sum);
                    }
                    Lanes.store(sum, out, at[3] + n * headSize + j);
                }
            }
        };
    }

    /**
     * Four vectors side by side: what the rows before and now share is read once, and neighbouring cache lines are fetched together.
     *
     * @param zRow elements from a row of z to the next, {@code gRow} of the gradient
     */
    private static void mixFour(MemorySegment z, int z0, int zRow, MemorySegment g, int g0, int gRow, IntArray positions, int p0, int from, int to,
            MemorySegment out, int out0) {
        FloatVector sum0 = Lanes.of(0f);
        FloatVector sum1 = Lanes.of(0f);
        FloatVector sum2 = Lanes.of(0f);
        FloatVector sum3 = Lanes.of(0f);
        for (int r = from; r < to; r++) {
            int now = z0 + r * zRow;
            // Where a segment begins, the row before counts as zero; row 0 always begins one, and reads itself.
            boolean follows = positions.get(p0 + r) != 0;
            int before = follows ? now - zRow : now;
            FloatVector share = Lanes.of(follows ? 1f : 0f);
            int up = g0 + r * gRow;
            sum0 = Lanes.load(g, up).fma(share.mul(Lanes.load(z, before)).sub(Lanes.load(z, now)), sum0);
            sum1 = Lanes.load(g, up + Lanes.LENGTH).fma(
                    share.mul(Lanes.load(z, before + Lanes.LENGTH)).sub(Lanes.load(z, now + Lanes.LENGTH)), sum1);
            sum2 = Lanes.load(g, up + 2 * Lanes.LENGTH).fma(
                    share.mul(Lanes.load(z, before + 2 * Lanes.LENGTH)).sub(Lanes.load(z, now + 2 * Lanes.LENGTH)), sum2);
            sum3 = Lanes.load(g, up + 3 * Lanes.LENGTH).fma(
                    share.mul(Lanes.load(z, before + 3 * Lanes.LENGTH)).sub(Lanes.load(z, now + 3 * Lanes.LENGTH)), sum3);
        }
        Lanes.store(sum0, out, out0);
        Lanes.store(sum1, out, out0 + Lanes.LENGTH);
        Lanes.store(sum2, out, out0 + 2 * Lanes.LENGTH);
        Lanes.store(sum3, out, out0 + 3 * Lanes.LENGTH);
    }
}
