package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.Buffer.Type;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The product of two rows, the second of which is read from one end to the other where it lies, as fast as memory is. There are four sums, so that none waits for
 * itself. All forms add up the same products in the same order: the result is the same, to the bit, in whatever type a row is stored.
 *
 * <p>Vectors are loaded without our own short methods: where several types are used in a process, the compiler's budget for inlining would end among them, and
 * leave objects.
 */
final class RowProduct {
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private RowProduct() {
    }

    /** Of a row and one of floats in memory. */
    static float floats(float[] s, int a, MemorySegment from, int b, int size) {
        FloatVector s0 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s1 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s2 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s3 = FloatVector.zero(Lanes.SPECIES);
        int l = 0;
        for (; l <= size - 4 * Lanes.LENGTH; l += 4 * Lanes.LENGTH) {
            s0 = FloatVector.fromArray(Lanes.SPECIES, s, a + l).fma(FloatVector.fromMemorySegment(Lanes.SPECIES, from, 4L * (b + l), ORDER), s0);
            s1 = FloatVector.fromArray(Lanes.SPECIES, s, a + l + Lanes.LENGTH).fma(FloatVector.fromMemorySegment(Lanes.SPECIES, from, 4L * (b + l + Lanes.LENGTH), ORDER), s1);
            s2 = FloatVector.fromArray(Lanes.SPECIES, s, a + l + 2 * Lanes.LENGTH).fma(FloatVector.fromMemorySegment(Lanes.SPECIES, from, 4L * (b + l + 2 * Lanes.LENGTH), ORDER), s2);
            s3 = FloatVector.fromArray(Lanes.SPECIES, s, a + l + 3 * Lanes.LENGTH).fma(FloatVector.fromMemorySegment(Lanes.SPECIES, from, 4L * (b + l + 3 * Lanes.LENGTH), ORDER), s3);
        }
        if (l <= size - 2 * Lanes.LENGTH) {
            s0 = FloatVector.fromArray(Lanes.SPECIES, s, a + l).fma(FloatVector.fromMemorySegment(Lanes.SPECIES, from, 4L * (b + l), ORDER), s0);
            s1 = FloatVector.fromArray(Lanes.SPECIES, s, a + l + Lanes.LENGTH).fma(FloatVector.fromMemorySegment(Lanes.SPECIES, from, 4L * (b + l + Lanes.LENGTH), ORDER), s1);
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
        FloatVector s0 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s1 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s2 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s3 = FloatVector.zero(Lanes.SPECIES);
        int l = 0;
        for (; l <= size - 4 * Lanes.LENGTH; l += 4 * Lanes.LENGTH) {
            IntVector pairs = IntVector.fromMemorySegment(Halves.INTS, from, 2L * (b + l), ORDER);
            s0 = pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(FloatVector.fromArray(Lanes.SPECIES, s, a + l), s0);
            s1 = pairs.and(Halves.SECOND).reinterpretAsFloats().fma(FloatVector.fromArray(Lanes.SPECIES, s, a + l + Lanes.LENGTH), s1);
            pairs = IntVector.fromMemorySegment(Halves.INTS, from, 2L * (b + l + 2 * Lanes.LENGTH), ORDER);
            s2 = pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(FloatVector.fromArray(Lanes.SPECIES, s, a + l + 2 * Lanes.LENGTH), s2);
            s3 = pairs.and(Halves.SECOND).reinterpretAsFloats().fma(FloatVector.fromArray(Lanes.SPECIES, s, a + l + 3 * Lanes.LENGTH), s3);
        }
        if (l <= size - 2 * Lanes.LENGTH) {
            IntVector pairs = IntVector.fromMemorySegment(Halves.INTS, from, 2L * (b + l), ORDER);
            s0 = pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(FloatVector.fromArray(Lanes.SPECIES, s, a + l), s0);
            s1 = pairs.and(Halves.SECOND).reinterpretAsFloats().fma(FloatVector.fromArray(Lanes.SPECIES, s, a + l + Lanes.LENGTH), s1);
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
        FloatVector s0 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s1 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s2 = FloatVector.zero(Lanes.SPECIES);
        FloatVector s3 = FloatVector.zero(Lanes.SPECIES);
        int l = 0;
        for (; l <= size - 4 * Lanes.LENGTH; l += 4 * Lanes.LENGTH) {
            s0 = FloatVector.fromArray(Lanes.SPECIES, s, a + l).fma(FloatVector.fromArray(Lanes.SPECIES, s, b + l), s0);
            s1 = FloatVector.fromArray(Lanes.SPECIES, s, a + l + Lanes.LENGTH).fma(FloatVector.fromArray(Lanes.SPECIES, s, b + l + Lanes.LENGTH), s1);
            s2 = FloatVector.fromArray(Lanes.SPECIES, s, a + l + 2 * Lanes.LENGTH).fma(FloatVector.fromArray(Lanes.SPECIES, s, b + l + 2 * Lanes.LENGTH), s2);
            s3 = FloatVector.fromArray(Lanes.SPECIES, s, a + l + 3 * Lanes.LENGTH).fma(FloatVector.fromArray(Lanes.SPECIES, s, b + l + 3 * Lanes.LENGTH), s3);
        }
        if (l <= size - 2 * Lanes.LENGTH) {
            s0 = FloatVector.fromArray(Lanes.SPECIES, s, a + l).fma(FloatVector.fromArray(Lanes.SPECIES, s, b + l), s0);
            s1 = FloatVector.fromArray(Lanes.SPECIES, s, a + l + Lanes.LENGTH).fma(FloatVector.fromArray(Lanes.SPECIES, s, b + l + Lanes.LENGTH), s1);
            l += 2 * Lanes.LENGTH;
        }
        float sum = Lanes.sum(Halves.unzippedSum(s0.add(s2), s1.add(s3)));
        for (; l < size; l++) {
            sum = Math.fma(s[a + l], s[b + l], sum);
        }
        return sum;
    }
}
