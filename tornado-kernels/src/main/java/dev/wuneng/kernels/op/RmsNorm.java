package dev.wuneng.kernels.op;

import dev.wuneng.kernels.host.RmsNormHost;
import dev.wuneng.kernels.host.WholeVectors;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Root mean square norm of rows, with a weight of its own for each of {@code groups} kinds of rows:
 *
 * <pre>
 *   rstd_r = (mean_j x_rj² + eps)^(−1/2)
 *   y_rj   = x_rj · rstd_r · weight_(r mod groups),j
 *
 *   g_rj   = dy_rj · weight,   dx_rj = rstd_r · (g_rj − x_rj · rstd_r² · mean_i(g_ri x_ri))
 *   dweight_gj += Σ_(r mod groups = g) dy_rj · x_rj · rstd_r
 * </pre>
 *
 * <p>{@code x}, {@code y} are [rows, width], {@code weight} is [groups, width], {@code rstd} is [rows]. Qwen2's norms have one group; the per-head
 * norm of the state-driven heads sees [tokens · heads, head size] and has one group a head. Source: Zhang and Sennrich, arXiv 1910.07467.
 */
public final class RmsNorm {
    private RmsNorm() {
    }

    /** Writes y and rstd. */
    public static Launch forward(View x, View weight, View y, View rstd, int rows, int width, int groups, float eps) {
        return Launch.of("rms_norm.forward", RmsNorm::rmsNormForward, rows, x, weight, y, rstd, width, groups, eps)
                .inGroups(RmsNormGroups.forward(rows, width))
                .onHost(() -> WholeVectors.form(width, rows, RmsNormHost.forward(x, weight, y, rstd, width, groups, eps)));
    }

    /** Adds to dx, or writes it where {@code adds} is false. */
    public static Launch backwardInput(View x, View weight, View rstd, View dy, View dx, int rows, int width, int groups, boolean adds) {
        return Launch.of("rms_norm.backward_input", RmsNorm::rmsNormBackwardInput, rows, x, weight, rstd, dy, dx, width, groups, adds ? 1 : 0)
                .inGroups(RmsNormGroups.backwardInput(rows, width))
                .onHost(() -> WholeVectors.form(width, rows, RmsNormHost.backwardInput(x, weight, rstd, dy, dx, width, groups, adds)));
    }

    /** Writes the sums over blocks of rows, which {@link ColumnSum} adds up: partial is [blocks, groups · width]. */
    public static Launch backwardWeight(View x, View rstd, View dy, View partial, int rows, int width, int groups) {
        int columns = groups * width;
        return Launch.of("rms_norm.backward_weight", RmsNorm::rmsNormBackwardWeight, ColumnSum.blocks(rows / groups) * columns,
                x, rstd, dy, partial, rows / groups, columns, groups, ColumnSum.BLOCK)
                .inGroups(RmsNormGroups.backwardWeight(rows / groups, columns))
                .onHost(() -> WholeVectors.form(width, ColumnSum.blocks(rows / groups) * groups,
                        RmsNormHost.backwardWeight(x, rstd, dy, partial, rows / groups, width, groups, ColumnSum.BLOCK)));
    }

    public static void rmsNormForward(int from, int to, IntArray at, int p, FloatArray x, FloatArray weight, FloatArray y, FloatArray rstd,
            int width, int groups, float eps) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int r = from + item;
            int x0 = at.get(p) + r * width;
            int w0 = at.get(p + 1) + (r % groups) * width;
            int y0 = at.get(p + 2) + r * width;
            float squares = 0f;
            for (int j = 0; j < width; j++) {
                squares += x.get(x0 + j) * x.get(x0 + j);
            }
            float scale = 1f / TornadoMath.sqrt(squares / width + eps);
            for (int j = 0; j < width; j++) {
                y.set(y0 + j, x.get(x0 + j) * scale * weight.get(w0 + j));
            }
            rstd.set(at.get(p + 3) + r, scale);
        }
    }

    public static void rmsNormBackwardInput(int from, int to, IntArray at, int p, FloatArray x, FloatArray weight, FloatArray rstd,
            FloatArray dy, FloatArray dx, int width, int groups, int adds) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int r = from + item;
            int x0 = at.get(p) + r * width;
            int w0 = at.get(p + 1) + (r % groups) * width;
            int g0 = at.get(p + 3) + r * width;
            int d0 = at.get(p + 4) + r * width;
            float scale = rstd.get(at.get(p + 2) + r);
            float dot = 0f;
            for (int j = 0; j < width; j++) {
                dot += dy.get(g0 + j) * weight.get(w0 + j) * x.get(x0 + j);
            }
            float pull = dot * scale * scale / width;
            for (int j = 0; j < width; j++) {
                float g = dy.get(g0 + j) * weight.get(w0 + j);
                float before = adds == 1 ? dx.get(d0 + j) : 0f;
                dx.set(d0 + j, before + scale * (g - x.get(x0 + j) * pull));
            }
        }
    }

    public static void rmsNormBackwardWeight(int from, int to, IntArray at, int p, FloatArray x, FloatArray rstd, FloatArray dy,
            FloatArray partial, int tokens, int columns, int groups, int block) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            int b = i / columns;
            int c = i - b * columns;
            int end = Math.min(tokens, (b + 1) * block);
            int group = c / (columns / groups);
            float sum = 0f;
            for (int t = b * block; t < end; t++) {
                sum += dy.get(at.get(p + 2) + t * columns + c) * x.get(at.get(p) + t * columns + c) * rstd.get(at.get(p + 1) + t * groups + group);
            }
            partial.set(at.get(p + 3) + i, sum);
        }
    }
}
