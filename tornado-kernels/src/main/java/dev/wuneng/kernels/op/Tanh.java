package dev.wuneng.kernels.op;

import dev.wuneng.kernels.host.Blocks;
import dev.wuneng.kernels.host.TanhHost;
import dev.wuneng.kernels.host.WholeVectors;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** y = tanh(x) and dx = dy (1 − y²), element by element: the bend in the low-rank decay of the state stream. */
public final class Tanh {
    private Tanh() {
    }

    /** Writes y. */
    public static Launch forward(View x, View y, int size) {
        return Launch.of("tanh.forward", Tanh::tanhForward, size, x, y)
                .onHost(() -> WholeVectors.form(size, Blocks.items(size), TanhHost.forward(x, y, size)));
    }

    /** Writes dx. */
    public static Launch backward(View y, View dy, View dx, int size) {
        return Launch.of("tanh.backward", Tanh::tanhBackward, size, y, dy, dx)
                .onHost(() -> WholeVectors.form(size, Blocks.items(size), TanhHost.backward(y, dy, dx, size)));
    }

    public static void tanhForward(int from, int to, IntArray at, int p, FloatArray x, FloatArray y) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            y.set(at.get(p + 1) + i, TornadoMath.tanh(x.get(at.get(p) + i)));
        }
    }

    public static void tanhBackward(int from, int to, IntArray at, int p, FloatArray y, FloatArray dy, FloatArray dx) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            float out = y.get(at.get(p) + i);
            dx.set(at.get(p + 2) + i, dy.get(at.get(p + 1) + i) * (1f - out * out));
        }
    }
}
