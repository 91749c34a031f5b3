package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.Buffer.Type;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/** Reads a matrix in the precision in which it is stored, as float32. */
final class Halves {
    private static final VectorSpecies<Float> FLOATS = VectorMath.SPECIES;
    static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, FLOATS.vectorShape());
    private static final VectorSpecies<Short> SHORTS = VectorSpecies.of(short.class, VectorShape.forBitSize(FLOATS.vectorBitSize() / 2));
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    /** The second of two halves in an int, which is a float as it stands. */
    static final int SECOND = 0xFFFF0000;
    /** Halves in a vector of ints. Where bytes are the other way round, more than any row has, so that elements are taken one by one. */
    private static final int PAIRS = ORDER == ByteOrder.LITTLE_ENDIAN ? 2 * Lanes.LENGTH : 1 << 30;
    /** Elements with even numbers, and with odd ones, in either half of a vector. */
    private static final VectorShuffle<Float> EVEN = VectorShuffle.fromOp(FLOATS, lane -> 2 * lane % Lanes.LENGTH);
    private static final VectorShuffle<Float> ODD = VectorShuffle.fromOp(FLOATS, lane -> (2 * lane + 1) % Lanes.LENGTH);
    /** Each element of the lower half, and of the upper, twice. */
    private static final VectorShuffle<Float> LOWER_TWICE = VectorShuffle.fromOp(FLOATS, lane -> lane / 2);
    private static final VectorShuffle<Float> UPPER_TWICE = VectorShuffle.fromOp(FLOATS, lane -> (lane + Lanes.LENGTH) / 2);
    private static final VectorMask<Float> ODD_LANES = VectorMask.fromLong(FLOATS, 0xAAAAAAAAAAAAAAAAL);
    private static final VectorMask<Float> UPPER = FLOATS.indexInRange(0, Lanes.LENGTH / 2).not();

    private Halves() {
    }

    /** Copies as many elements as a vector has. Each type stores by itself: a vector that comes from either of two branches may become an object. */
    static void copy(MemorySegment from, Type type, long element, float[] to, int index) {
        if (type == Type.F32) {
            FloatVector.fromMemorySegment(FLOATS, from, 4 * element, ORDER).intoArray(to, index);
        } else if (type == Type.BF16) {
            bits(from, element).lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(to, index);
        } else {
            widened(bits(from, element)).intoArray(to, index);
        }
    }

    private static IntVector bits(MemorySegment from, long element) {
        return (IntVector) ShortVector.fromMemorySegment(SHORTS, from, 2 * element, ORDER).convertShape(VectorOperators.S2I, INTS, 0);
    }

    static float get(MemorySegment from, Type type, long element) {
        return type == Type.F32 ? from.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * element) : type.value(from.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2 * element));
    }

    /**
     * F16 in the lower half of each lane. Exponent and fraction move to where float32 has them, subnormal or not; a product with a power of two then makes up for
     * the other bias of the exponent.
     */
    private static FloatVector widened(IntVector bits) {
        FloatVector magnitude = bits.and(0x7FFF).lanewise(VectorOperators.LSHL, 13).reinterpretAsFloats().mul(0x1p112f);
        return magnitude.reinterpretAsInts().or(bits.and(0x8000).lanewise(VectorOperators.LSHL, 16)).reinterpretAsFloats();
    }

    /**
     * Reads a row as floats, zipped: of every two vectors, first the elements with even numbers and then the others. So a vector of ints holds two of halves, and nothing
     * has to be moved across lanes. What does not fill two vectors stays as it is, with zeros up to {@code line} behind it.
     */
    static void readZipped(MemorySegment from, Type type, int element, float[] to, int index, int size, int line) {
        int l = 0;
        if (type == Type.F32) {
            for (; l <= size - PAIRS; l += PAIRS) {
                FloatVector low = FloatVector.fromMemorySegment(FLOATS, from, 4L * (element + l), ORDER);
                FloatVector high = FloatVector.fromMemorySegment(FLOATS, from, 4L * (element + l + Lanes.LENGTH), ORDER);
                low.rearrange(EVEN).blend(high.rearrange(EVEN), UPPER).intoArray(to, index + l);
                low.rearrange(ODD).blend(high.rearrange(ODD), UPPER).intoArray(to, index + l + Lanes.LENGTH);
            }
        } else if (type == Type.BF16) {
            for (; l <= size - PAIRS; l += PAIRS) {
                IntVector pairs = IntVector.fromMemorySegment(INTS, from, 2L * (element + l), ORDER);
                pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(to, index + l);
                pairs.and(SECOND).reinterpretAsFloats().intoArray(to, index + l + Lanes.LENGTH);
            }
        } else {
            for (; l <= size - PAIRS; l += PAIRS) {
                IntVector pairs = IntVector.fromMemorySegment(INTS, from, 2L * (element + l), ORDER);
                widened(pairs).intoArray(to, index + l);
                widened(pairs.lanewise(VectorOperators.LSHR, 16)).intoArray(to, index + l + Lanes.LENGTH);
            }
        }
        for (; l < size; l++) {
            to[index + l] = get(from, type, element + l);
        }
        Arrays.fill(to, index + size, index + line, 0f);
    }

    /** Two vectors that were zipped, added up as if they had not been. */
    static FloatVector unzippedSum(FloatVector even, FloatVector odd) {
        FloatVector low = even.rearrange(LOWER_TWICE).blend(odd.rearrange(LOWER_TWICE), ODD_LANES);
        FloatVector high = even.rearrange(UPPER_TWICE).blend(odd.rearrange(UPPER_TWICE), ODD_LANES);
        return low.add(high);
    }
}
