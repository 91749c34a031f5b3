package dev.wuneng.kernels.host;

import jdk.incubator.vector.FloatVector;

/** The loops of the losses over a vocabulary, over copies of a part of a row that are padded to whole vectors. */
final class SoftmaxHost {
    /** What pads a row: exp makes 0 of it. */
    static final float LOWEST = -1e30f;

    private SoftmaxHost() {
    }

    static float largest(float[] x, int x0, int size) {
        FloatVector largest = Lanes.load(x, x0);
        for (int j = Lanes.LENGTH; j < size; j += Lanes.LENGTH) {
            largest = largest.max(Lanes.load(x, x0 + j));
        }
        return Lanes.max(largest);
    }

    /** Σ exp((x − largest) · coldness). */
    static float sumExp(float[] x, int size, float largest, float coldness) {
        FloatVector sum = Lanes.of(0f);
        for (int j = 0; j < size; j += Lanes.LENGTH) {
            sum = sum.add(VectorMath.exp(Lanes.load(x, j).sub(largest).mul(coldness)));
        }
        return Lanes.sum(sum);
    }

    /** exp(x · coldness − lse) of the elements at x0, written at y0. */
    static void exp(float[] x, int x0, int y0, int size, float coldness, float lse) {
        for (int j = 0; j < size; j += Lanes.LENGTH) {
            Lanes.store(VectorMath.exp(Lanes.load(x, x0 + j).mul(coldness).sub(lse)), x, y0 + j);
        }
    }
}
