package dev.wuneng.kernels.op;

import dev.wuneng.kernels.host.GemmHost;
import dev.wuneng.kernels.host.GemmHost.Layout;
import dev.wuneng.kernels.host.GemmHost.Matrix;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * A linear layer of its own for every head, on that head's vector, with a window of the weight's columns:
 *
 * <pre>
 *   y_rho (+)= Σ_i W_h,o,(column + i) x_rhi
 *   dx_rhi (+)= Σ_o W_h,o,(column + i) dy_rho,   dW_h,o,(column + i) += Σ_r dy_rho x_rhi
 * </pre>
 *
 * <p>{@code x} is [rows, heads, in], {@code y} [rows, heads, out], {@code W} [heads, out, ldw]. So the product with joined vectors, W_h [A_h; K̂_h],
 * is two launches, the second with {@code column = in} and adding.
 */
public final class HeadLinear {
    private HeadLinear() {
    }

    /** Writes y, or adds to it. */
    public static Launch forward(View x, View w, View y, int rows, int heads, int out, int in, int ldw, int column, boolean accumulate) {
        View window = w.plus(column);
        return Launch.of("head_linear.forward", HeadLinear::headLinearForward, heads * Gemm.tiles(rows) * Gemm.tiles(out),
                x, Stored.floats(window), Stored.halves(window), y, rows, heads, out, in, ldw, accumulate ? 1 : 0, Stored.type(window))
                .inVectors(HeadLinearVectors.forward(rows, heads, out))
                .onHost(() -> GemmHost.form(Layout.NT, heads, new Matrix(x, heads * in, in), new Matrix(window, ldw, out * ldw), null,
                        new Matrix(y, heads * out, out), rows, out, in, accumulate));
    }

    /** Writes dx, or adds to it. */
    public static Launch backwardInput(View dy, View w, View dx, int rows, int heads, int out, int in, int ldw, int column, boolean accumulate) {
        View window = w.plus(column);
        return Launch.of("head_linear.backward_input", HeadLinear::headLinearBackwardInput, heads * Gemm.tiles(rows) * Gemm.tiles(in),
                dy, Stored.floats(window), Stored.halves(window), dx, rows, heads, out, in, ldw, accumulate ? 1 : 0, Stored.type(window))
                .inVectors(HeadLinearVectors.backwardInput(rows, heads, in))
                .onHost(() -> GemmHost.form(Layout.NN, heads, new Matrix(dy, heads * out, out), new Matrix(window, ldw, out * ldw), null,
                        new Matrix(dx, heads * in, in), rows, in, out, accumulate));
    }

    /** Adds to the window's part of dW. */
    public static Launch backwardWeight(View dy, View x, View dw, int rows, int heads, int out, int in, int ldw, int column) {
        View window = dw.plus(column);
        return Launch.of("head_linear.backward_weight", HeadLinear::headLinearBackwardWeight, heads * Gemm.tiles(out) * Gemm.tiles(in),
                dy, x, Stored.halves(x), window, rows, heads, out, in, ldw)
                .inGroups(GemmSlices.headLinearBackwardWeight(heads, out, in))
                .inVectors(HeadLinearVectors.backwardWeight(heads, out, in))
                .onHost(() -> GemmHost.form(Layout.TN, heads, new Matrix(dy, heads * out, out), new Matrix(x, heads * in, in), null,
                        new Matrix(window, ldw, out * ldw), out, in, rows, true));
    }

    public static void headLinearForward(int from, int to, IntArray at, int p, FloatArray x, FloatArray w, ShortArray halves, FloatArray y,
            int rows, int heads, int out, int in, int ldw, int accumulate, int type) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int t = from + item;
            int across = (out + 3) / 4;
            int line = t / across;
            int r = line / heads;
            int h = line - r * heads;
            int y0 = at.get(p + 3) + h * out;
            Gemm.gemmTile(r * 4, (t - line * across) * 4, x, at.get(p) + h * in, heads * in, 1, w, halves, type,
                    at.get(type == 0 ? p + 1 : p + 2) + h * out * ldw, 1, ldw, y, y0, heads * out, y, y0, heads * out, accumulate, rows, out, in);
        }
    }

    public static void headLinearBackwardInput(int from, int to, IntArray at, int p, FloatArray dy, FloatArray w, ShortArray halves, FloatArray dx,
            int rows, int heads, int out, int in, int ldw, int accumulate, int type) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int t = from + item;
            int across = (in + 3) / 4;
            int line = t / across;
            int r = line / heads;
            int h = line - r * heads;
            int d0 = at.get(p + 3) + h * in;
            Gemm.gemmTile(r * 4, (t - line * across) * 4, dy, at.get(p) + h * out, heads * out, 1, w, halves, type,
                    at.get(type == 0 ? p + 1 : p + 2) + h * out * ldw, ldw, 1, dx, d0, heads * in, dx, d0, heads * in, accumulate, rows, in, out);
        }
    }

    public static void headLinearBackwardWeight(int from, int to, IntArray at, int p, FloatArray dy, FloatArray x, ShortArray halves, FloatArray dw,
            int rows, int heads, int out, int in, int ldw) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int t = from + item;
            int across = (in + 3) / 4;
            int down = (out + 3) / 4;
            int line = t / across;
            int h = line / down;
            int d0 = at.get(p + 3) + h * out * ldw;
            Gemm.gemmTile((line - h * down) * 4, (t - line * across) * 4, dy, at.get(p) + h * out, 1, heads * out,
                    x, halves, 0, at.get(p + 1) + h * in, heads * in, 1, dw, d0, ldw, dw, d0, ldw, 1, out, in, rows);
        }
    }
}
