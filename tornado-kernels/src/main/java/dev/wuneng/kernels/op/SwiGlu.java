package dev.wuneng.kernels.op;

import dev.wuneng.kernels.host.Blocks;
import dev.wuneng.kernels.host.SwiGluHost;
import dev.wuneng.kernels.host.WholeVectors;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The gated activation of the feed-forward layer, elementwise over {@code count} elements:
 *
 * <pre>
 *   h = silu(g) · u,   silu(g) = g · σ(g)
 *   dg = dh · u · σ(g) · (1 + g · (1 − σ(g))),   du = dh · silu(g)
 * </pre>
 *
 * <p>Source: Shazeer, arXiv 2002.05202.
 */
public final class SwiGlu {
    private SwiGlu() {
    }

    /** Writes h. */
    public static Launch forward(View g, View u, View h, int count) {
        return Launch.of("swi_glu.forward", SwiGlu::swiGluForward, count, g, u, h)
                .onHost(() -> WholeVectors.form(count, Blocks.items(count), SwiGluHost.forward(g, u, h, count)));
    }

    /** Writes dg and du. */
    public static Launch backward(View g, View u, View dh, View dg, View du, int count) {
        return Launch.of("swi_glu.backward", SwiGlu::swiGluBackward, count, g, u, dh, dg, du)
                .onHost(() -> WholeVectors.form(count, Blocks.items(count), SwiGluHost.backward(g, u, dh, dg, du, count)));
    }

    public static void swiGluForward(int from, int to, IntArray at, int p, FloatArray g, FloatArray u, FloatArray h) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            float gate = g.get(at.get(p) + i);
            h.set(at.get(p + 2) + i, gate / (1f + TornadoMath.exp(-gate)) * u.get(at.get(p + 1) + i));
        }
    }

    public static void swiGluBackward(int from, int to, IntArray at, int p, FloatArray g, FloatArray u, FloatArray dh, FloatArray dg, FloatArray du) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            float gate = g.get(at.get(p) + i);
            float up = dh.get(at.get(p + 2) + i);
            float open = 1f / (1f + TornadoMath.exp(-gate));
            dg.set(at.get(p + 3) + i, up * u.get(at.get(p + 1) + i) * open * (1f + gate * (1f - open)));
            du.set(at.get(p + 4) + i, up * gate * open);
        }
    }
}
