package dev.wuneng.kernels.op;

import dev.wuneng.kernels.host.MiddleHeadHost;
import dev.wuneng.kernels.host.WholeVectors;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Middle heads that weigh attention A against the state-derived key K, per token or per channel:
 *
 * <pre>
 *   gated:     g = σ(pre + bias)      m = g ⊙ a + (1 − g) ⊙ k
 *              da = g ⊙ dm,   dk = (1 − g) ⊙ dm,   dpre = (dm ⊙ (a − k) + dg) ⊙ g ⊙ (1 − g),   dbias += Σ_t dpre
 *   weighted:  β = σ(beta)            m = β ⊙ a + (1 − β) ⊙ k
 *              da = β ⊙ dm,   dk = (1 − β) ⊙ dm,   dbeta += Σ_t dm ⊙ (a − k) ⊙ β ⊙ (1 − β)
 * </pre>
 *
 * <p>{@code pre, g, a, k, m} are [rows, width], {@code bias, beta} [width]. dg is what a loss on the gate itself adds. The additive form is
 * {@link ScaledAdd}; {@code concat} is a linear map of [a; k]. Source: WuNeng, arXiv 2504.19191.
 */
public final class MiddleHead {
    private MiddleHead() {
    }

    /** Writes g and m. */
    public static Launch gated(View pre, View bias, View a, View k, View g, View m, int rows, int width) {
        return Launch.of("middle_head.gated", MiddleHead::middleHeadGated, rows, pre, bias, a, k, g, m, width)
                .inGroups(MiddleHeadGroups.gated(rows, width))
                .onHost(() -> WholeVectors.form(width, rows, MiddleHeadHost.gated(pre, bias, a, k, g, m, width)));
    }

    /** Writes da, dk and dpre; the gradient of bias is the column sum of dpre once {@link #backwardGate} has added to it. */
    public static Launch backwardGated(View a, View k, View g, View dm, View da, View dk, View dpre, int rows, int width) {
        return Launch.of("middle_head.backward_gated", MiddleHead::middleHeadBackwardGated, rows, a, k, g, dm, da, dk, dpre, width)
                .inGroups(MiddleHeadGroups.backwardGated(rows, width))
                .onHost(() -> WholeVectors.form(width, rows, MiddleHeadHost.backwardGated(a, k, g, dm, da, dk, dpre, width)));
    }

    /** Adds what flows in through the gate itself to dpre; dg is [rows, width / share], one gradient for {@code share} neighbouring channels. */
    public static Launch backwardGate(View g, View dg, View dpre, int rows, int width, int share) {
        return Launch.of("middle_head.backward_gate", MiddleHead::middleHeadBackwardGate, rows, g, dg, dpre, width, share);
    }

    /** Writes m. */
    public static Launch weighted(View beta, View a, View k, View m, int rows, int width) {
        return Launch.of("middle_head.weighted", MiddleHead::middleHeadWeighted, rows, beta, a, k, m, width)
                .inGroups(MiddleHeadGroups.weighted(rows, width))
                .onHost(() -> WholeVectors.form(width, rows, MiddleHeadHost.weighted(beta, a, k, m, width)));
    }

    /** Writes da and dk. */
    public static Launch backwardWeighted(View beta, View dm, View da, View dk, int rows, int width) {
        return Launch.of("middle_head.backward_weighted", MiddleHead::middleHeadBackwardWeighted, rows, beta, dm, da, dk, width)
                .inGroups(MiddleHeadGroups.backwardWeighted(rows, width))
                .onHost(() -> WholeVectors.form(width, rows, MiddleHeadHost.backwardWeighted(beta, dm, da, dk, width)));
    }

    /** Writes the sums over blocks of rows, which {@link ColumnSum} adds up: partial is [blocks, width]. */
    public static Launch backwardBeta(View beta, View a, View k, View dm, View partial, int rows, int width) {
        return Launch.of("middle_head.backward_beta", MiddleHead::middleHeadBackwardBeta, ColumnSum.blocks(rows) * width,
                beta, a, k, dm, partial, rows, width, ColumnSum.BLOCK);
    }

    static float middleHeadSigmoid(float x) {
        return 1f / (1f + TornadoMath.exp(-x));
    }

    public static void middleHeadGated(int from, int to, IntArray at, int p, FloatArray pre, FloatArray bias, FloatArray a, FloatArray k,
            FloatArray g, FloatArray m, int width) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int r = from + item;
            int x0 = r * width;
            int pre0 = at.get(p) + x0;
            int b0 = at.get(p + 1);
            int a0 = at.get(p + 2) + x0;
            int k0 = at.get(p + 3) + x0;
            int g0 = at.get(p + 4) + x0;
            int m0 = at.get(p + 5) + x0;
            for (int c = 0; c < width; c++) {
                float gate = middleHeadSigmoid(pre.get(pre0 + c) + bias.get(b0 + c));
                float state = k.get(k0 + c);
                g.set(g0 + c, gate);
                m.set(m0 + c, state + gate * (a.get(a0 + c) - state));
            }
        }
    }

    public static void middleHeadBackwardGated(int from, int to, IntArray at, int p, FloatArray a, FloatArray k, FloatArray g, FloatArray dm,
            FloatArray da, FloatArray dk, FloatArray dpre, int width) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int r = from + item;
            int x0 = r * width;
            int a0 = at.get(p) + x0;
            int k0 = at.get(p + 1) + x0;
            int g0 = at.get(p + 2) + x0;
            int dm0 = at.get(p + 3) + x0;
            int da0 = at.get(p + 4) + x0;
            int dk0 = at.get(p + 5) + x0;
            int dpre0 = at.get(p + 6) + x0;
            for (int c = 0; c < width; c++) {
                float gate = g.get(g0 + c);
                float up = dm.get(dm0 + c);
                da.set(da0 + c, gate * up);
                dk.set(dk0 + c, (1f - gate) * up);
                dpre.set(dpre0 + c, up * (a.get(a0 + c) - k.get(k0 + c)) * gate * (1f - gate));
            }
        }
    }

    public static void middleHeadBackwardGate(int from, int to, IntArray at, int p, FloatArray g, FloatArray dg, FloatArray dpre, int width, int share) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int r = from + item;
            int g0 = at.get(p) + r * width;
            int s0 = at.get(p + 1) + r * (width / share);
            int d0 = at.get(p + 2) + r * width;
            for (int s = 0; s < width / share; s++) {
                float up = dg.get(s0 + s);
                for (int c = s * share; c < (s + 1) * share; c++) {
                    float gate = g.get(g0 + c);
                    dpre.set(d0 + c, dpre.get(d0 + c) + up * gate * (1f - gate));
                }
            }
        }
    }

    public static void middleHeadWeighted(int from, int to, IntArray at, int p, FloatArray beta, FloatArray a, FloatArray k, FloatArray m, int width) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int r = from + item;
            int x0 = r * width;
            int a0 = at.get(p + 1) + x0;
            int k0 = at.get(p + 2) + x0;
            int m0 = at.get(p + 3) + x0;
            int b0 = at.get(p);
            for (int c = 0; c < width; c++) {
                float share = middleHeadSigmoid(beta.get(b0 + c));
                float state = k.get(k0 + c);
                m.set(m0 + c, state + share * (a.get(a0 + c) - state));
            }
        }
    }

    public static void middleHeadBackwardWeighted(int from, int to, IntArray at, int p, FloatArray beta, FloatArray dm, FloatArray da, FloatArray dk,
            int width) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int r = from + item;
            int x0 = r * width;
            int dm0 = at.get(p + 1) + x0;
            int da0 = at.get(p + 2) + x0;
            int dk0 = at.get(p + 3) + x0;
            int b0 = at.get(p);
            for (int c = 0; c < width; c++) {
                float share = middleHeadSigmoid(beta.get(b0 + c));
                float up = dm.get(dm0 + c);
                da.set(da0 + c, share * up);
                dk.set(dk0 + c, (1f - share) * up);
            }
        }
    }

    public static void middleHeadBackwardBeta(int from, int to, IntArray at, int p, FloatArray beta, FloatArray a, FloatArray k, FloatArray dm,
            FloatArray partial, int rows, int width, int block) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int n = from + item;
            int b = n / width;
            int c = n - b * width;
            int end = Math.min(rows, (b + 1) * block);
            int a0 = at.get(p + 1) + c;
            int k0 = at.get(p + 2) + c;
            int dm0 = at.get(p + 3) + c;
            float sum = 0f;
            for (int r = b * block; r < end; r++) {
                int x = r * width;
                sum += dm.get(dm0 + x) * (a.get(a0 + x) - k.get(k0 + x));
            }
            float share = middleHeadSigmoid(beta.get(at.get(p) + c));
            partial.set(at.get(p + 4) + n, sum * share * (1f - share));
        }
    }
}
