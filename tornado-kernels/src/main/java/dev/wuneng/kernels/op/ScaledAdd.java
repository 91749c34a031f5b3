package dev.wuneng.kernels.op;

import dev.wuneng.kernels.host.ScaledAddHost;
import dev.wuneng.kernels.host.WholeVectors;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Adds what is scaled by a learned factor for every {@code share} neighbouring channels:
 *
 * <pre>
 *   out_rc = x_rc + scale_(c / share) y_rc
 *
 *   dx is dout itself,   dy_rc = scale_(c / share) dout_rc,   dscale_s += Σ_r Σ_(c / share = s) dout_rc y_rc
 * </pre>
 *
 * <p>It modulates the query (scale = λ, share = head size), makes the additive middle heads (alpha, share 1) and adds the state-driven heads
 * (out_scale, share 1). {@code x, y, out} are [rows, width], {@code scale} [width / share].
 */
public final class ScaledAdd {
    private ScaledAdd() {
    }

    /** Writes out = x + scale ⊙ y. */
    public static Launch forward(View x, View scale, View y, View out, int rows, int width, int share) {
        return Launch.of("scaled_add.forward", ScaledAdd::scaledAddForward, rows, x, scale, y, out, width, share)
                .inGroups(ScaledAddGroups.forward(rows, width))
                .onHost(() -> WholeVectors.form(width, rows, ScaledAddHost.forward(x, scale, y, out, width, share)));
    }

    /** Writes scale ⊙ y alone: for {@code combine: concat} forward, and the gradient dy when given dout for y. */
    public static Launch scaled(View scale, View y, View out, int rows, int width, int share) {
        return Launch.of("scaled_add.scaled", ScaledAdd::scaledAddScaled, rows, scale, y, out, width, share)
                .inGroups(ScaledAddGroups.scaled(rows, width))
                .onHost(() -> WholeVectors.form(width, rows, ScaledAddHost.scaled(scale, y, out, width, share)));
    }

    /** Writes the sums over blocks of rows, which {@link ColumnSum} adds up: partial is [blocks, width / share]. */
    public static Launch backwardScale(View y, View dout, View partial, int rows, int width, int share) {
        int sums = ColumnSum.blocks(rows) * (width / share);
        return Launch.of("scaled_add.backward_scale", ScaledAdd::scaledAddBackwardScale, sums, y, dout, partial, rows, width, share, ColumnSum.BLOCK)
                .inGroups(ScaledAddGroups.backwardScale(sums, share))
                .onHost(() -> WholeVectors.form(width, ColumnSum.blocks(rows),
                        ScaledAddHost.backwardScale(y, dout, partial, rows, width, share, ColumnSum.BLOCK)));
    }

    public static void scaledAddForward(int from, int to, IntArray at, int p, FloatArray x, FloatArray scale, FloatArray y, FloatArray out,
            int width, int share) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int r = from + item;
            int x0 = at.get(p) + r * width;
            int s0 = at.get(p + 1);
            int y0 = at.get(p + 2) + r * width;
            int o0 = at.get(p + 3) + r * width;
            for (int s = 0; s < width / share; s++) {
                float factor = scale.get(s0 + s);
                for (int c = s * share; c < (s + 1) * share; c++) {
                    out.set(o0 + c, x.get(x0 + c) + factor * y.get(y0 + c));
                }
            }
        }
    }

    public static void scaledAddScaled(int from, int to, IntArray at, int p, FloatArray scale, FloatArray y, FloatArray out, int width, int share) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int r = from + item;
            int s0 = at.get(p);
            int y0 = at.get(p + 1) + r * width;
            int o0 = at.get(p + 2) + r * width;
            for (int s = 0; s < width / share; s++) {
                float factor = scale.get(s0 + s);
                for (int c = s * share; c < (s + 1) * share; c++) {
                    out.set(o0 + c, factor * y.get(y0 + c));
                }
            }
        }
    }

    public static void scaledAddBackwardScale(int from, int to, IntArray at, int p, FloatArray y, FloatArray dout, FloatArray partial,
            int rows, int width, int share, int block) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int n = from + item;
            int b = n / (width / share);
            int c0 = (n - b * (width / share)) * share;
            int end = Math.min(rows, (b + 1) * block);
            float sum = 0f;
            for (int r = b * block; r < end; r++) {
                int y0 = at.get(p) + r * width + c0;
                int g0 = at.get(p + 1) + r * width + c0;
                for (int c = 0; c < share; c++) {
                    sum += y.get(y0 + c) * dout.get(g0 + c);
                }
            }
            partial.set(at.get(p + 2) + n, sum);
        }
    }
}
