package dev.wuneng.kernels.check;

import java.util.function.ToDoubleFunction;

/** Gradients by differences, for operations that write the gradient of a loss in their forward launches. */
final class Differences {
    private static final double STEP = 1e-4;

    private Differences() {
    }

    /** ∂f/∂x of {@code size} elements of x from {@code from} on, x being changed on the way and then restored. */
    static double[] gradient(double[] x, int from, int size, ToDoubleFunction<double[]> f) {
        double[] gradient = new double[size];
        for (int i = 0; i < size; i++) {
            double at = x[from + i];
            x[from + i] = at + STEP;
            double above = f.applyAsDouble(x);
            x[from + i] = at - STEP;
            gradient[i] = (above - f.applyAsDouble(x)) / (2 * STEP);
            x[from + i] = at;
        }
        return gradient;
    }
}
