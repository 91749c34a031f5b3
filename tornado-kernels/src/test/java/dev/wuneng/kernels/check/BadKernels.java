package dev.wuneng.kernels.check;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** One kernel for each way to break a rule within its body, and one that breaks none though it looks like it. */
final class BadKernels {
    /** Exactly the rules that a kernel breaks. */
    @Retention(RetentionPolicy.RUNTIME)
    @interface Breaks {
        KernelRule[] value();
    }

    private static final float CONSTANT = 0.5f;
    private static float field = 1f;
    private static final float[] TABLE = {1f, 2f};

    private BadKernels() {
    }

    @Breaks({})
    public static void badKernelsAllAllowed(int from, int to, IntArray at, int p, FloatArray x, int size) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            float[] sum = new float[size];
            for (int j = 0; j < size; j++) {
                sum[j] = 0f;
            }
            int steps = 0;
            for (int j = 0; j < size && steps < 9; j++) {
                if (j == 3) {
                    continue;
                }
                if (sum[j] > CONSTANT) {
                    break;
                }
                sum[j] += badKernelsHelper(x, i) * (j > 2 ? 1f : 0f);
                steps++;
            }
            do {
                steps += switch (steps % 3) {
                    case 0 -> 2;
                    case 1 -> 3;
                    default -> 1;
                };
            } while (steps < 20);
            while (true) {
                steps--;
                if (steps < 0) {
                    break;
                }
            }
            for (int a = 0; a < size; a++) {
                for (int c = 0; c < size; c++) {
                    if (c > a) {
                        break;
                    }
                    sum[a] += TornadoMath.exp(-1e30f) * Math.min(a, c);
                }
            }
            x.set(at.get(p) + i, sum[0] + (steps >> 1 & 3));
        }
    }

    private static float badKernelsHelper(FloatArray x, int i) {
        if (x.get(i) > 0f) {
            return 1f;
        }
        return -1f;
    }

    private static float badKernelsCallsItself(FloatArray x, int i) {
        return i == 0 ? 0f : badKernelsCallsItself(x, i - 1);
    }

    @Breaks(KernelRule.CALLS)
    public static void badKernelsExact(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            x.set(at.get(p) + i, Math.addExact(i, 1));
        }
    }

    @Breaks(KernelRule.CALLS)
    public static void badKernelsBits(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            x.set(at.get(p) + i, Float.floatToIntBits(x.get(i)));
        }
    }

    @Breaks(KernelRule.CALLS)
    public static void badKernelsDoubleMath(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            x.set(at.get(p) + i, (float) Math.floor(x.get(i)));
        }
    }

    @Breaks(KernelRule.CALLS)
    public static void badKernelsCompare(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            x.set(at.get(p) + i, Float.compare(x.get(i), 1f));
        }
    }

    @Breaks(KernelRule.CALLS)
    public static void badKernelsRecursive(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            x.set(at.get(p) + i, badKernelsCallsItself(x, i));
        }
    }

    @Breaks(KernelRule.CALLS)
    public static void badKernelsLambda(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            java.util.function.IntUnaryOperator f = n -> n + 1;
            x.set(at.get(p) + i, 1f);
        }
    }

    @Breaks({KernelRule.EXCEPTIONS, KernelRule.ALLOCATION, KernelRule.CALLS})
    public static void badKernelsThrow(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            if (i < 0) {
                throw new IllegalArgumentException();
            }
            x.set(at.get(p) + i, 1f);
        }
    }

    @Breaks(KernelRule.EXCEPTIONS)
    public static void badKernelsCatch(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            try {
                x.set(at.get(p) + i, 1f);
            } catch (IndexOutOfBoundsException e) {
                x.set(at.get(p), 2f);
            }
        }
    }

    @Breaks(KernelRule.ALLOCATION)
    public static void badKernelsDoubles(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            double[] y = new double[3];
            y[0] = 1;
            x.set(at.get(p) + i, 1f);
        }
    }

    @Breaks(KernelRule.ALLOCATION)
    public static void badKernelsMatrix(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            float[][] y = new float[3][3];
            y[0][0] = 1f;
            x.set(at.get(p) + i, 1f);
        }
    }

    @Breaks({KernelRule.ALLOCATION, KernelRule.CALLS})
    public static void badKernelsObject(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            Object y = new Object();
            x.set(at.get(p) + i, y.hashCode());
        }
    }

    @Breaks(KernelRule.FIELDS)
    public static void badKernelsField(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            x.set(at.get(p) + i, field);
        }
    }

    @Breaks(KernelRule.FIELDS)
    public static void badKernelsTable(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            x.set(at.get(p) + i, TABLE[i & 1]);
        }
    }

    @Breaks(KernelRule.OPERATORS)
    public static void badKernelsUnsigned(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            x.set(at.get(p) + i, i >>> 1);
        }
    }

    @Breaks(KernelRule.OPERATORS)
    public static void badKernelsLongUnsigned(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            x.set(at.get(p) + i, (long) i >>> 1);
        }
    }

    @Breaks(KernelRule.OPERATORS)
    public static void badKernelsRemainder(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            x.set(at.get(p) + i, x.get(i) % 2f);
        }
    }

    @Breaks(KernelRule.OPERATORS)
    public static void badKernelsToLong(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            x.set(at.get(p) + i, (long) x.get(i));
        }
    }

    @Breaks(KernelRule.CONSTANTS)
    public static void badKernelsInfinite(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            x.set(at.get(p) + i, Float.NEGATIVE_INFINITY);
        }
    }

    @Breaks(KernelRule.CONSTANTS)
    public static void badKernelsNan(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            x.set(at.get(p) + i, Float.NaN);
        }
    }

    @Breaks(KernelRule.PRIVATE_ARRAYS)
    public static void badKernelsUnwritten(int from, int to, IntArray at, int p, FloatArray x, int size) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            float[] sum = new float[size];
            for (int j = 0; j < size; j++) {
                sum[j] += x.get(j);
            }
            x.set(at.get(p) + i, sum[0]);
        }
    }

    @Breaks(KernelRule.PRIVATE_ARRAYS)
    public static void badKernelsUnwrittenInHelper(int from, int to, IntArray at, int p, FloatArray x, int size) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            float[] sum = new float[size];
            badKernelsGrow(sum);
            x.set(at.get(p) + i, sum[0]);
        }
    }

    private static void badKernelsGrow(float[] sum) {
        sum[0] += 1f;
    }
}
