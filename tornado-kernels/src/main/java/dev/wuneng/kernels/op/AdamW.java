package dev.wuneng.kernels.op;

import dev.wuneng.kernels.host.AdamWHost;
import dev.wuneng.kernels.host.Blocks;
import dev.wuneng.kernels.run.HostForm;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * One step of Adam with decoupled weight decay, over a range of parameters; t counts the steps from 1:
 *
 * <pre>
 *   g = factor · gradient
 *   m ← β₁ m + (1 − β₁) g,   v ← β₂ v + (1 − β₂) g²
 *   w ← w − lr · decay · w − lr / (1 − β₁ᵗ) · m / ((v / (1 − β₂ᵗ))^(1/2) + ε)
 * </pre>
 *
 * <p>All of params, gradients, m and v are [count]. {@code hyper} is [3]: lr, lr / (1 − β₁ᵗ), (1 − β₂ᵗ)^(−1/2), as {@link #hyper} computes
 * them in float64; {@code norm} is what {@link GradientNorm} wrote, and where its factor is 0 nothing changes. Source: Loshchilov and
 * Hutter, arXiv 1711.05101; the order of operations is that of torch.optim.AdamW.
 */
public final class AdamW {
    /** Elements of {@code hyper}. */
    public static final int HYPER = 3;

    private AdamW() {
    }

    /** Updates params, m and v. */
    public static Launch update(View params, View gradients, View m, View v, View hyper, View norm, int count,
            float beta1, float beta2, float eps, float decay) {
        return Launch.of("adam_w.update", AdamW::adamWUpdate, count, params, gradients, m, v, hyper, norm, beta1, beta2, eps, decay)
                .onHost(() -> new HostForm(Blocks.items(count), AdamWHost.update(params, gradients, m, v, hyper, norm, count, beta1, beta2, eps, decay)));
    }

    /** What {@code hyper} holds at step {@code step}, the first being 1. */
    public static float[] hyper(double lr, long step, double beta1, double beta2) {
        return new float[] {(float) lr, (float) (lr / (1 - Math.pow(beta1, step))), (float) (1 / Math.sqrt(1 - Math.pow(beta2, step)))};
    }

    public static void adamWUpdate(int from, int to, IntArray at, int p, FloatArray params, FloatArray gradients, FloatArray m, FloatArray v,
            FloatArray hyper, FloatArray norm, float beta1, float beta2, float eps, float decay) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            float factor = norm.get(at.get(p + 5) + 1);
            if (factor > 0f) {
                int w0 = at.get(p) + i;
                int m0 = at.get(p + 2) + i;
                int v0 = at.get(p + 3) + i;
                float g = factor * gradients.get(at.get(p + 1) + i);
                float mean = beta1 * m.get(m0) + (1f - beta1) * g;
                float square = beta2 * v.get(v0) + (1f - beta2) * g * g;
                float w = params.get(w0);
                float lr = hyper.get(at.get(p + 4));
                float step = hyper.get(at.get(p + 4) + 1) * mean / (TornadoMath.sqrt(square) * hyper.get(at.get(p + 4) + 2) + eps);
                m.set(m0, mean);
                v.set(v0, square);
                params.set(w0, w - (lr * decay * w + step));
            }
        }
    }
}
