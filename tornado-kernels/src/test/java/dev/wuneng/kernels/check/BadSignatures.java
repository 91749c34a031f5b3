package dev.wuneng.kernels.check;

import dev.wuneng.kernels.check.BadKernels.Breaks;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** One kernel for each way to break a rule with its signature, a name or the parallel loop. */
final class BadSignatures {
    private BadSignatures() {
    }

    @Breaks(KernelRule.SIGNATURE)
    public static void badSignaturesSixteen(int from, int to, IntArray at, int p, FloatArray x, int a, int b, int c, int d, int e, int f, int g, int h, int j, int k, int l) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            x.set(at.get(p) + i, 1f);
        }
    }

    @Breaks({KernelRule.SIGNATURE, KernelRule.PARALLEL_LOOP})
    public static void badSignaturesLeading(int to, int from, int p, IntArray at, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            x.set(at.get(p) + i, 1f);
        }
    }

    @Breaks(KernelRule.SIGNATURE)
    public static void badSignaturesBoolean(int from, int to, IntArray at, int p, FloatArray x, boolean flag) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            x.set(at.get(p) + i, 1f);
        }
    }

    @Breaks(KernelRule.SIGNATURE)
    public static void badSignaturesFloats(int from, int to, IntArray at, int p, float[] x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            x[i] = 1f;
        }
    }

    @Breaks(KernelRule.SIGNATURE)
    public static void badSignaturesScalarFirst(int from, int to, IntArray at, int p, int size, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            x.set(at.get(p) + i, 1f);
        }
    }

    @Breaks(KernelRule.SIGNATURE)
    static void badSignaturesHidden(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            x.set(at.get(p) + i, 1f);
        }
    }

    @Breaks(KernelRule.NAMES)
    public static void exp(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            x.set(at.get(p) + i, 1f);
        }
    }

    @Breaks(KernelRule.NAMES)
    public static void otherKernelsName(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            x.set(at.get(p) + i, 1f);
        }
    }

    @Breaks(KernelRule.NAMES)
    public static void badSignaturesParameter(int from, int to, IntArray at, int p, FloatArray x, float constant) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            x.set(at.get(p) + i, 1f);
        }
    }

    @Breaks(KernelRule.NAMES)
    public static void badSignaturesNumbered(int from, int to, IntArray at, int p, FloatArray x, int i_2) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            x.set(at.get(p) + i, 1f);
        }
    }

    @Breaks(KernelRule.NAMES)
    public static void badSignaturesFunction(int from, int to, IntArray at, int p, FloatArray x, int length) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            x.set(at.get(p) + i, 1f);
        }
    }

    @Breaks(KernelRule.NAMES)
    public static void badSignaturesTwice(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            x.set(at.get(p) + i, 1f);
        }
    }

    @Breaks(KernelRule.NAMES)
    public static void badSignaturesTwice(int from, int to, IntArray at, int p, FloatArray x, int size) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            x.set(at.get(p) + i, 1f);
        }
    }

    @Breaks(KernelRule.PARALLEL_LOOP)
    public static void badSignaturesSerial(int from, int to, IntArray at, int p, FloatArray x) {
        for (int i = from; i < to; i++) {
            x.set(at.get(p) + i, 1f);
        }
    }

    @Breaks(KernelRule.PARALLEL_LOOP)
    public static void badSignaturesFrom(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int i = from; i < to; i++) {
            x.set(at.get(p) + i, 1f);
        }
    }

    @Breaks(KernelRule.PARALLEL_LOOP)
    public static void badSignaturesStrided(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item += 2) {
            x.set(at.get(p) + item, 1f);
        }
    }

    @Breaks(KernelRule.PARALLEL_LOOP)
    public static void badSignaturesGoesOn(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            x.set(at.get(p) + item, 1f);
        }
        x.set(at.get(p), 2f);
    }

    @Breaks(KernelRule.PARALLEL_LOOP)
    public static void badSignaturesMoves(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            x.set(at.get(p) + i, 1f);
            item = item + 1;
        }
    }
}
