package dev.wuneng.kernels.op;

import dev.wuneng.kernels.host.AddHost;
import dev.wuneng.kernels.host.Blocks;
import dev.wuneng.kernels.host.WholeVectors;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Sums of {@code count} elements: the residual stream, and gradients that meet. */
public final class Add {
    private Add() {
    }

    /** Writes y = a + b. */
    public static Launch sum(View a, View b, View y, int count) {
        return Launch.of("add.sum", Add::addSum, count, a, b, y).onHost(() -> WholeVectors.form(count, Blocks.items(count), AddHost.sum(a, b, y, count)));
    }

    /** Adds a to y. */
    public static Launch accumulate(View a, View y, int count) {
        return Launch.of("add.accumulate", Add::addAccumulate, count, a, y).onHost(() -> WholeVectors.form(count, Blocks.items(count), AddHost.accumulate(a, y, count)));
    }

    public static void addSum(int from, int to, IntArray at, int p, FloatArray a, FloatArray b, FloatArray y) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            y.set(at.get(p + 2) + i, a.get(at.get(p) + i) + b.get(at.get(p + 1) + i));
        }
    }

    public static void addAccumulate(int from, int to, IntArray at, int p, FloatArray a, FloatArray y) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            int o = at.get(p + 1) + i;
            y.set(o, y.get(o) + a.get(at.get(p) + i));
        }
    }
}
