package dev.wuneng.kernels.op;

import dev.wuneng.kernels.host.GemmHost.Layout;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;

/**
 * A linear layer with its weight as RWKV stores those of its low-rank pairs, w [in, out]:
 *
 * <pre>
 *   y = x w (+ b),   dx = dy wᵀ,   dw += xᵀ dy
 * </pre>
 *
 * <p>{@code x} is [rows, in], {@code y} [rows, out], {@code b} [out] (w0 or a0 of the second of a pair). The gradient of the bias is
 * {@link ColumnSum} over dy.
 */
public final class LowRank {
    private LowRank() {
    }

    /** Writes y. */
    public static Launch forward(View x, View w, View y, int rows, int in, int out) {
        return Gemm.product("low_rank.forward", Layout.NN, x, w, y, rows, out, in, false);
    }

    /** Writes y, with the bias b. */
    public static Launch forwardBias(View x, View w, View b, View y, int rows, int in, int out) {
        return Gemm.productBias("low_rank.forward_bias", Layout.NN, x, w, b, y, rows, out, in);
    }

    /** Writes dx, or adds to it. */
    public static Launch backwardInput(View dy, View w, View dx, int rows, int in, int out, boolean accumulate) {
        return Gemm.product("low_rank.backward_input", Layout.NT, dy, w, dx, rows, in, out, accumulate);
    }

    /** Adds to dw. */
    public static Launch backwardWeight(View x, View dy, View dw, int rows, int in, int out) {
        return Gemm.product("low_rank.backward_weight", Layout.TN, x, dy, dw, in, out, rows, true);
    }
}
