package dev.wuneng.kernels.op;

import dev.wuneng.kernels.host.TokenShiftHost;
import dev.wuneng.kernels.host.WholeVectors;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Mixes every token with the one before it, which counts as zero where a segment begins ({@code pos} is 0):
 *
 * <pre>
 *   out_t = z_t + mu ⊙ (z_(t−1) − z_t)
 *
 *   dz_t   = Σ_heads of the group (1 − mu) ⊙ dout_t + mu ⊙ dout_(t+1)      (t + 1 in the same segment)
 *   dmix_c += Σ_t dout_tc (z_(t−1),c − z_tc)
 * </pre>
 *
 * <p>{@code z} is [rows, kvHeads · headSize] and is repeated to the heads on the way: head h reads z's head h · kvHeads / heads, where
 * kvHeads divides heads. {@code mu} is [heads · headSize], {@code out} [rows, heads · headSize]. A plain vector of width d is one head
 * of size d. {@code out} and {@code dout} may lie inside wider records, those of {@link StateStreams}: their vectors begin {@code stride}
 * elements after one another, in the order [rows, heads]. Source: RWKV-7, arXiv 2503.14456.
 */
public final class TokenShift {
    private TokenShift() {
    }

    /** Writes out. */
    public static Launch forward(View z, View mu, View pos, View out, int rows, int heads, int kvHeads, int headSize, int stride) {
        return Launch.of("token_shift.forward", TokenShift::tokenShiftForward, rows * heads, z, mu, pos, out, heads, kvHeads, headSize, stride)
                .inGroups(TokenShiftGroups.forward(rows, heads, headSize))
                .onHost(() -> WholeVectors.form(headSize, rows, TokenShiftHost.forward(z, mu, pos, out, heads, kvHeads, headSize, stride)));
    }

    /** Moves the last row of z [rows, width] to the place ahead of the first: the row before, for the tokens that come next into the same rows. */
    public static Launch carry(View z, int rows, int width) {
        return Launch.of("token_shift.carry", TokenShift::tokenShiftCarry, width, z, rows, width);
    }

    /** Adds to dz, or writes it where {@code adds} is false. */
    public static Launch backwardInput(View mu, View pos, View dout, View dz, int rows, int heads, int kvHeads, int headSize, int stride,
            boolean adds) {
        return Launch.of("token_shift.backward_input", TokenShift::tokenShiftBackwardInput, rows * kvHeads, mu, pos, dout, dz,
                rows, heads, kvHeads, headSize, stride, adds ? 1 : 0)
                .inGroups(TokenShiftGroups.backwardInput(rows, kvHeads, headSize))
                .onHost(() -> WholeVectors.form(headSize, rows * kvHeads, TokenShiftHost.backwardInput(mu, pos, dout, dz, rows, heads, kvHeads, headSize, stride, adds)));
    }

    /** Writes the sums over blocks of rows, which {@link ColumnSum} adds up: partial is [blocks, heads · headSize]. */
    public static Launch backwardMix(View z, View pos, View dout, View partial, int rows, int heads, int kvHeads, int headSize, int stride) {
        return Launch.of("token_shift.backward_mix", TokenShift::tokenShiftBackwardMix, ColumnSum.blocks(rows) * heads * headSize,
                z, pos, dout, partial, rows, heads, kvHeads, headSize, stride, ColumnSum.BLOCK)
                .inGroups(TokenShiftGroups.backwardMix(rows, heads * headSize))
                .onHost(() -> WholeVectors.form(headSize, ColumnSum.blocks(rows) * heads,
                        TokenShiftHost.backwardMix(z, pos, dout, partial, rows, heads, kvHeads, headSize, stride, ColumnSum.BLOCK)));
    }

    public static void tokenShiftForward(int from, int to, IntArray at, int p, FloatArray z, FloatArray mu, IntArray pos, FloatArray out,
            int heads, int kvHeads, int headSize, int stride) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int n = from + item;
            int r = n / heads;
            int h = n - r * heads;
            int z0 = at.get(p) + (r * kvHeads + h * kvHeads / heads) * headSize;
            int m0 = at.get(p + 1) + h * headSize;
            int o0 = at.get(p + 3) + n * stride;
            if (pos.get(at.get(p + 2) + r) == 0) {
                for (int j = 0; j < headSize; j++) {
                    float now = z.get(z0 + j);
                    out.set(o0 + j, now - mu.get(m0 + j) * now);
                }
            } else {
                int before = z0 - kvHeads * headSize;
                for (int j = 0; j < headSize; j++) {
                    float now = z.get(z0 + j);
                    out.set(o0 + j, now + mu.get(m0 + j) * (z.get(before + j) - now));
                }
            }
        }
    }

    public static void tokenShiftCarry(int from, int to, IntArray at, int p, FloatArray z, int rows, int width) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int j = at.get(p) + from + item;
            z.set(j - width, z.get(j + (rows - 1) * width));
        }
    }

    public static void tokenShiftBackwardInput(int from, int to, IntArray at, int p, FloatArray mu, IntArray pos, FloatArray dout, FloatArray dz,
            int rows, int heads, int kvHeads, int headSize, int stride, int adds) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int n = from + item;
            int r = n / kvHeads;
            int group = heads / kvHeads;
            int h0 = (n - r * kvHeads) * group;
            int m0 = at.get(p) + h0 * headSize;
            int g0 = at.get(p + 2) + (r * heads + h0) * stride;
            int d0 = at.get(p + 3) + n * headSize;
            // The row that mixes this one in, or this one itself with weight 0 where there is none.
            int ahead = r + 1 < rows ? r + 1 : r;
            float mixed = ahead == r || pos.get(at.get(p + 1) + ahead) == 0 ? 0f : 1f;
            int next = (ahead - r) * heads * stride;
            for (int j = 0; j < headSize; j++) {
                float sum = adds == 1 ? dz.get(d0 + j) : 0f;
                for (int h = 0; h < group; h++) {
                    float m = mu.get(m0 + h * headSize + j);
                    int g = g0 + h * stride + j;
                    sum += (1f - m) * dout.get(g) + mixed * m * dout.get(g + next);
                }
                dz.set(d0 + j, sum);
            }
        }
    }

    public static void tokenShiftBackwardMix(int from, int to, IntArray at, int p, FloatArray z, IntArray pos, FloatArray dout, FloatArray partial,
            int rows, int heads, int kvHeads, int headSize, int stride, int block) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int n = from + item;
            int b = n / (heads * headSize);
            int c = n - b * heads * headSize;
            int h = c / headSize;
            int j = c - h * headSize;
            int z0 = at.get(p) + h * kvHeads / heads * headSize + j;
            int p0 = at.get(p + 1);
            int g0 = at.get(p + 2) + h * stride + j;
            int end = Math.min(rows, (b + 1) * block);
            float sum = 0f;
            for (int r = b * block; r < end; r++) {
                float before = 0f;
                if (pos.get(p0 + r) != 0) {
                    before = z.get(z0 + (r - 1) * kvHeads * headSize);
                }
                sum += dout.get(g0 + r * heads * stride) * (before - z.get(z0 + r * kvHeads * headSize));
            }
            partial.set(at.get(p + 3) + n, sum);
        }
    }
}
