package dev.wuneng.kernels.op;

import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Multiplies {@code count} elements by a factor that may change from step to step, and so stands in a buffer. */
public final class Scale {
    private Scale() {
    }

    /** Multiplies y by the one element of factor. */
    public static Launch by(View factor, View y, int count) {
        return Launch.of("scale.by", Scale::scaleBy, count, factor, y);
    }

    public static void scaleBy(int from, int to, IntArray at, int p, FloatArray factor, FloatArray y) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            int o = at.get(p + 1) + i;
            y.set(o, y.get(o) * factor.get(at.get(p)));
        }
    }
}
