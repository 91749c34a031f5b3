package dev.wuneng.kernels.op;

import dev.wuneng.kernels.host.GemmHost.Layout;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;

/**
 * A linear layer with its weight as Hugging Face stores it, W [out, in]:
 *
 * <pre>
 *   y = x Wᵀ (+ b),   dx = dy W,   dW += dyᵀ x
 * </pre>
 *
 * <p>{@code x} is [rows, in], {@code y} [rows, out], {@code b} [out]; W may be {@link Stored} in half precision. The gradient of the bias is {@link ColumnSum} over dy.
 */
public final class Linear {
    private Linear() {
    }

    /** Writes y. */
    public static Launch forward(View x, View w, View y, int rows, int in, int out) {
        return Gemm.product("linear.forward", Layout.NT, x, w, y, rows, out, in, false);
    }

    /** Writes y, with the bias b. */
    public static Launch forwardBias(View x, View w, View b, View y, int rows, int in, int out) {
        return Gemm.productBias("linear.forward_bias", Layout.NT, x, w, b, y, rows, out, in);
    }

    /** Writes dx, or adds to it. */
    public static Launch backwardInput(View dy, View w, View dx, int rows, int in, int out, boolean accumulate) {
        return Gemm.product("linear.backward_input", Layout.NN, dy, w, dx, rows, in, out, accumulate);
    }

    /** Adds to dW. */
    public static Launch backwardWeight(View dy, View x, View dw, int rows, int in, int out) {
        return Gemm.product("linear.backward_weight", Layout.TN, dy, x, dw, out, in, rows, true);
    }
}
