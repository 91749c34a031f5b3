package dev.wuneng.kernels.host;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** The loops of the losses over a vocabulary. Each says which of the {@link RowLoop numbers} it reads and writes. */
final class SoftmaxHost {
    /** Columns at a time: what a loop reads is in the first-level cache when the next one comes. */
    static final int COLUMNS = 1024;
    /** Below every logit: exp makes 0 of it. */
    static final float LOWEST = -1e30f;
    private static final int LENGTH = Lanes.LENGTH;

    private SoftmaxHost() {
    }

    /** Runs of {@link #COLUMNS} in a row, the last maybe shorter. */
    static int runs(int columns) {
        return (columns + COLUMNS - 1) / COLUMNS;
    }

    /** The largest x → n₀. */
    static void largest(MemorySegment x, int x0, MemorySegment y, int y0, int size, float[] n) {
        FloatVector a = Lanes.of(LOWEST);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        int j = 0;
        // Four at once: each comparison waits for the one before.
        for (; j <= size - 4 * LENGTH; j += 4 * LENGTH) {
            a = larger(a, Lanes.load(x, x0 + j));
            b = larger(b, Lanes.load(x, x0 + j + LENGTH));
            c = larger(c, Lanes.load(x, x0 + j + 2 * LENGTH));
            d = larger(d, Lanes.load(x, x0 + j + 3 * LENGTH));
        }
        a = larger(larger(a, b), larger(c, d));
        for (; j <= size - LENGTH; j += LENGTH) {
            a = larger(a, Lanes.load(x, x0 + j));
        }
        if (j < size) {
            a = larger(a, Lanes.cut(Lanes.load(x, x0 + j, size - j), size - j, LOWEST));
        }
        n[0] = Lanes.max(a);
    }

    static FloatVector larger(FloatVector a, FloatVector b) {
        return a.blend(b, b.compare(VectorOperators.GT, a));
    }

    /** Σ exp((x − n₀) n₁) → n₂. */
    static void sum(MemorySegment x, int x0, MemorySegment y, int y0, int size, float[] n) {
        FloatVector sum = Lanes.of(0f);
        float largest = n[0];
        float coldness = n[1];
        int j = 0;
        for (; j <= size - LENGTH; j += LENGTH) {
            sum = sum.add(weight(Lanes.load(x, x0 + j), largest, coldness));
        }
        if (j < size) {
            sum = sum.add(Lanes.cut(weight(Lanes.load(x, x0 + j, size - j), largest, coldness), size - j, 0f));
        }
        n[2] = Lanes.sum(sum);
    }

    /** u = exp((x − n₀) n₁) in the place of x, Σ u → n₂. */
    static void weigh(MemorySegment x, int x0, MemorySegment y, int y0, int size, float[] n) {
        FloatVector sum = Lanes.of(0f);
        float largest = n[0];
        float coldness = n[1];
        int j = 0;
        for (; j <= size - LENGTH; j += LENGTH) {
            FloatVector weight = weight(Lanes.load(x, x0 + j), largest, coldness);
            Lanes.store(weight, x, x0 + j);
            sum = sum.add(weight);
        }
        if (j < size) {
            FloatVector weight = Lanes.cut(weight(Lanes.load(x, x0 + j, size - j), largest, coldness), size - j, 0f);
            Lanes.store(weight, x, x0 + j, size - j);
            sum = sum.add(weight);
        }
        n[2] = Lanes.sum(sum);
    }

    /** x n₀ in the place of x. */
    static void scale(MemorySegment x, int x0, MemorySegment y, int y0, int size, float[] n) {
        float factor = n[0];
        int j = 0;
        for (; j <= size - LENGTH; j += LENGTH) {
            Lanes.store(Lanes.load(x, x0 + j).mul(factor), x, x0 + j);
        }
        if (j < size) {
            Lanes.store(Lanes.load(x, x0 + j, size - j).mul(factor), x, x0 + j, size - j);
        }
    }

    static FloatVector weight(FloatVector x, float largest, float coldness) {
        return VectorMath.weight(x.sub(largest).mul(coldness));
    }

    static FloatVector power(FloatVector x, int power) {
        FloatVector y = x;
        for (int i = 1; i < power; i++) {
            y = y.mul(x);
        }
        return y;
    }
}
