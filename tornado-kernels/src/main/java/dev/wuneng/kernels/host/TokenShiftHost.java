package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The gradients of {@link dev.wuneng.kernels.op.TokenShift} in vectors. */
public final class TokenShiftHost {
    private TokenShiftHost() {
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
                    int left = headSize - j;
                    int d = at[3] + n * headSize + j;
                    FloatVector sum = adds ? Lanes.load(gradient, d, left) : Lanes.of(0f);
                    for (int h = h0; h < h0 + group; h++) {
                        int g = at[2] + (r * heads + h) * stride + j;
                        FloatVector m = Lanes.load(mixes, at[0] + h * headSize + j, left);
                        FloatVector now = Lanes.load(upstream, g, left);
                        sum = sum.add(now).sub(m.mul(now));
                        if (mixed) {
                            sum = m.fma(Lanes.load(upstream, g + heads * stride, left), sum);
                        }
                    }
                    Lanes.store(sum, gradient, d, left);
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
                for (int j = 0; j < headSize; j += Lanes.LENGTH) {
                    int left = headSize - j;
                    FloatVector sum = Lanes.of(0f);
                    for (int r = b * block; r < end; r++) {
                        int now = z0 + r * kvHeads * headSize + j;
                        FloatVector change = Lanes.load(in, now, left).neg();
                        if (positions.get(at[1] + r) != 0) {
                            change = change.add(Lanes.load(in, now - kvHeads * headSize, left));
                        }
                        sum = Lanes.load(upstream, g0 + r * heads * stride + j, left).fma(change, sum);
                    }
                    Lanes.store(sum, out, at[3] + n * headSize + j, left);
                }
            }
        };
    }
}
