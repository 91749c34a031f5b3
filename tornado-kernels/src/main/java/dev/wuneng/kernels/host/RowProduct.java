package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.Buffer.Type;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * The product of two rows, the second of which is read from one end to the other where it lies, as fast as memory is. There are four sums, so that none waits for
 * itself. All forms add up the same products in the same order: the result is the same, to the bit, in whatever type a row is stored.
 */
final class RowProduct {
    private RowProduct() {
    }

    /** Of a row and one of floats in memory. */
    static float floats(float[] s, int a, MemorySegment from, int b, int size) {
        FloatVector s0 = Lanes.of(0f);
        FloatVector s1 = Lanes.of(0f);
        FloatVector s2 = Lanes.of(0f);
        FloatVector s3 = Lanes.of(0f);
        int l = 0;
        for (; l <= size - 4 * Lanes.LENGTH; l += 4 * Lanes.LENGTH) {
            s0 = Lanes.load(s, a + l).fma(Lanes.load(from, b + l), s0);
            s1 = Lanes.load(s, a + l + Lanes.LENGTH).fma(Lanes.load(from, b + l + Lanes.LENGTH), s1);
            s2 = Lanes.load(s, a + l + 2 * Lanes.LENGTH).fma(Lanes.load(from, b + l + 2 * Lanes.LENGTH), s2);
            s3 = Lanes.load(s, a + l + 3 * Lanes.LENGTH).fma(Lanes.load(from, b + l + 3 * Lanes.LENGTH), s3);
        }
        if (l <= size - 2 * Lanes.LENGTH) {
            s0 = Lanes.load(s, a + l).fma(Lanes.load(from, b + l), s0);
            s1 = Lanes.load(s, a + l + Lanes.LENGTH).fma(Lanes.load(from, b + l + Lanes.LENGTH), s1);
            l += 2 * Lanes.LENGTH;
        }
        float sum = Lanes.sum(s0.add(s2).add(s1.add(s3)));
        for (; l < size; l++) {
            sum = Math.fma(s[a + l], Halves.get(from, Type.F32, b + l), sum);
        }
        return sum;
    }

    /** Of a zipped row and one of BF16 in memory. */
    static float brains(float[] s, int a, MemorySegment from, int b, int size) {
        FloatVector s0 = Lanes.of(0f);
        FloatVector s1 = Lanes.of(0f);
        FloatVector s2 = Lanes.of(0f);
        FloatVector s3 = Lanes.of(0f);
        int l = 0;
        for (; l <= size - 4 * Lanes.LENGTH; l += 4 * Lanes.LENGTH) {
            IntVector pairs = Halves.pairs(from, b + l);
            s0 = Halves.first(pairs).fma(Lanes.load(s, a + l), s0);
            s1 = Halves.second(pairs).fma(Lanes.load(s, a + l + Lanes.LENGTH), s1);
            pairs = Halves.pairs(from, b + l + 2 * Lanes.LENGTH);
            s2 = Halves.first(pairs).fma(Lanes.load(s, a + l + 2 * Lanes.LENGTH), s2);
            s3 = Halves.second(pairs).fma(Lanes.load(s, a + l + 3 * Lanes.LENGTH), s3);
        }
        if (l <= size - 2 * Lanes.LENGTH) {
            IntVector pairs = Halves.pairs(from, b + l);
            s0 = Halves.first(pairs).fma(Lanes.load(s, a + l), s0);
            s1 = Halves.second(pairs).fma(Lanes.load(s, a + l + Lanes.LENGTH), s1);
            l += 2 * Lanes.LENGTH;
        }
        float sum = Lanes.sum(Halves.unzippedSum(s0.add(s2), s1.add(s3)));
        for (; l < size; l++) {
            sum = Math.fma(s[a + l], Halves.get(from, Type.BF16, b + l), sum);
        }
        return sum;
    }

    /** Of two zipped rows in thread memory. */
    static float zipped(float[] s, int a, int b, int size) {
        FloatVector s0 = Lanes.of(0f);
        FloatVector s1 = Lanes.of(0f);
        FloatVector s2 = Lanes.of(0f);
        FloatVector s3 = Lanes.of(0f);
        int l = 0;
        for (; l <= size - 4 * Lanes.LENGTH; l += 4 * Lanes.LENGTH) {
            s0 = Lanes.load(s, a + l).fma(Lanes.load(s, b + l), s0);
            s1 = Lanes.load(s, a + l + Lanes.LENGTH).fma(Lanes.load(s, b + l + Lanes.LENGTH), s1);
            s2 = Lanes.load(s, a + l + 2 * Lanes.LENGTH).fma(Lanes.load(s, b + l + 2 * Lanes.LENGTH), s2);
            s3 = Lanes.load(s, a + l + 3 * Lanes.LENGTH).fma(Lanes.load(s, b + l + 3 * Lanes.LENGTH), s3);
        }
        if (l <= size - 2 * Lanes.LENGTH) {
            s0 = Lanes.load(s, a + l).fma(Lanes.load(s, b + l), s0);
            s1 = Lanes.load(s, a + l + Lanes.LENGTH).fma(Lanes.load(s, b + l + Lanes.LENGTH), s1);
            l += 2 * Lanes.LENGTH;
        }
        float sum = Lanes.sum(Halves.unzippedSum(s0.add(s2), s1.add(s3)));
        for (; l < size; l++) {
            sum = Math.fma(s[a + l], s[b + l], sum);
        }
        return sum;
    }
}
