package dev.wuneng.kernels.check;

import dev.wuneng.kernels.check.BadKernels.Breaks;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** One kernel for each wrong way to leave a loop. */
final class BadLoops {
    private BadLoops() {
    }

    private static float badLoopsReturnsInLoop(FloatArray x, int i) {
        for (int j = 0; j < i; j++) {
            if (x.get(j) > 0f) {
                return 1f;
            }
        }
        return -1f;
    }

    @Breaks(KernelRule.RETURN_IN_LOOP)
    public static void badLoopsReturn(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            if (i > 5) {
                return;
            }
            x.set(at.get(p) + i, 1f);
        }
    }

    @Breaks(KernelRule.RETURN_IN_LOOP)
    public static void badLoopsHelperReturn(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            x.set(at.get(p) + i, badLoopsReturnsInLoop(x, i));
        }
    }

    @Breaks(KernelRule.BREAKS)
    public static void badLoopsTwoBreaks(int from, int to, IntArray at, int p, FloatArray x, int size) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            for (int j = 0; j < size; j++) {
                if (x.get(j) > 1f) {
                    break;
                }
                x.set(at.get(p) + i, j);
                if (x.get(j) < 0f) {
                    break;
                }
            }
        }
    }

    @Breaks(KernelRule.BREAKS)
    public static void badLoopsLabelledBreak(int from, int to, IntArray at, int p, FloatArray x, int size) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            outer:
            for (int j = 0; j < size; j++) {
                for (int k = 0; k < size; k++) {
                    if (x.get(k) > j) {
                        break outer;
                    }
                }
                x.set(at.get(p) + i, j);
            }
        }
    }

    @Breaks(KernelRule.BREAKS)
    public static void badLoopsLabelledContinue(int from, int to, IntArray at, int p, FloatArray x, int size) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            outer:
            for (int j = 0; j < size; j++) {
                for (int k = 0; k < size; k++) {
                    if (x.get(k) > j) {
                        continue outer;
                    }
                }
                x.set(at.get(p) + i, j);
            }
        }
    }

    @Breaks(KernelRule.BREAKS)
    public static void badLoopsFlag(int from, int to, IntArray at, int p, FloatArray x, int size) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            boolean found = false;
            for (int j = 0; j < size; j++) {
                for (int k = 0; k < size; k++) {
                    if (x.get(k) > j) {
                        found = true;
                        break;
                    }
                }
                if (found) {
                    break;
                }
                x.set(at.get(p) + i, j);
            }
        }
    }
}
