package dev.wuneng.kernels.check;

import dev.wuneng.kernels.check.OpCase.Tensor;
import dev.wuneng.kernels.op.AdamW;
import dev.wuneng.kernels.op.GradientNorm;
import dev.wuneng.kernels.run.View;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Cases of the optimizer step. */
final class OptimizerCases {
    private OptimizerCases() {
    }

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        for (int count : new int[] {1, 17, 1000}) {
            cases.add(adamW(count, 0f));
            cases.add(adamW(count, 0.1f));
        }
        cases.add(gradientNorm(1, 1, 1f));
        cases.add(gradientNorm(257, 15, 1f));
        cases.add(gradientNorm(300_001, 1000, 100f));
        cases.add(gradientNorm(100, 100, 0f));
        cases.add(gradientNorm(100, 100, 1000f));
        return cases;
    }

    static OpCase adamW(int count, float decay) {
        float beta1 = 0.9f;
        float beta2 = 0.95f;
        float eps = 1e-8f;
        OpCase c = new OpCase("adam_w", "count=" + count + " decay=" + decay);
        Tensor w = c.updated("w", count);
        Tensor g = c.input("g", count);
        Tensor m = c.updated("m", count);
        Tensor s = c.updated("v", count).filled(x -> x * x);
        Tensor hyper = c.input("hyper", AdamW.HYPER).filled(Math::exp);
        Tensor norm = c.input("norm", 2).filled(Math::exp);
        c.reference(v -> {
            double lr = v.in(hyper)[0];
            for (int i = 0; i < count; i++) {
                double gradient = v.in(g)[i] * v.in(norm)[1];
                v.out(m)[i] = beta1 * v.in(m)[i] + (1 - (double) beta1) * gradient;
                v.out(s)[i] = beta2 * v.in(s)[i] + (1 - (double) beta2) * gradient * gradient;
                v.out(w)[i] = v.in(w)[i] * (1 - lr * decay)
                        - v.in(hyper)[1] * v.out(m)[i] / (Math.sqrt(v.out(s)[i]) * v.in(hyper)[2] + eps);
            }
        });
        return c.forward(AdamW.update(w.view(), g.view(), m.view(), s.view(), hyper.view(), norm.view(), count, beta1, beta2, eps, decay));
    }

    /** Two ranges of one array of gradients, whose sums stand behind each other. */
    private static OpCase gradientNorm(int first, int second, float clip) {
        OpCase c = new OpCase("gradient_norm", "ranges=" + first + "+" + second + " clip=" + clip);
        Tensor g = c.input("g", first + second);
        View partial = c.scratch("partial", GradientNorm.partials(first) + GradientNorm.partials(second));
        Tensor norm = c.output("norm", 2);
        c.reference(v -> {
            v.out(norm)[0] = Math.sqrt(Arrays.stream(v.in(g)).map(x -> x * x).sum());
            v.out(norm)[1] = clip == 0 ? 1 : Math.min(1, clip / (v.out(norm)[0] + 1e-6));
        });
        return c.forward(GradientNorm.partial(g.view(), partial, first),
                GradientNorm.partial(g.view().plus(first), partial.plus(GradientNorm.partials(first)), second),
                GradientNorm.combine(partial, norm.view(), GradientNorm.partials(first) + GradientNorm.partials(second), clip));
    }
}
