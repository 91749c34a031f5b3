package dev.wuneng.kernels.op;

import dev.wuneng.kernels.host.Blocks;
import dev.wuneng.kernels.host.FillHost;
import dev.wuneng.kernels.run.HostForm;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Sets {@code count} elements to one value: gradients to zero before the first batch of a step. */
public final class Fill {
    private Fill() {
    }

    /** Writes y. */
    public static Launch with(float value, View y, int count) {
        return Launch.of("fill.with", Fill::fillWith, count, y, value).onHost(() -> new HostForm(Blocks.items(count), FillHost.with(value, y, count)));
    }

    public static void fillWith(int from, int to, IntArray at, int p, FloatArray y, float value) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            y.set(at.get(p) + i, value);
        }
    }
}
