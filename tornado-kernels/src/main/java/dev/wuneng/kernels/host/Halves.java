package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.Buffer.Type;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Loads vectors of a matrix in the precision in which it is stored, as float32. */
final class Halves {
    private static final VectorSpecies<Float> FLOATS = VectorMath.SPECIES;
    private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, FLOATS.vectorShape());
    private static final VectorSpecies<Short> SHORTS = VectorSpecies.of(short.class, VectorShape.forBitSize(FLOATS.vectorBitSize() / 2));
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private Halves() {
    }

    static FloatVector load(MemorySegment from, Type type, long element) {
        return type == Type.F32 ? FloatVector.fromMemorySegment(FLOATS, from, 4 * element, ORDER)
                : widened(ShortVector.fromMemorySegment(SHORTS, from, 2 * element, ORDER), type);
    }

    /** The first {@code left} elements of a vector, 0 behind them. */
    static FloatVector load(MemorySegment from, Type type, long element, int left) {
        if (type == Type.F32) {
            return FloatVector.fromMemorySegment(FLOATS, from, 4 * element, ORDER, FLOATS.indexInRange(0, left));
        }
        VectorMask<Short> mask = SHORTS.indexInRange(0, left);
        return widened(ShortVector.fromMemorySegment(SHORTS, from, 2 * element, ORDER, mask), type);
    }

    private static FloatVector widened(ShortVector halves, Type type) {
        IntVector bits = (IntVector) halves.convertShape(VectorOperators.S2I, INTS, 0);
        if (type == Type.BF16) {
            return bits.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
        }
        // Normal numbers move to where float32 has exponent and fraction, and their exponent from bias 15 to bias 127. Subnormal ones are whole
        // multiples of 2^-24.
        IntVector magnitude = bits.and(0x7FFF);
        FloatVector subnormal = ((FloatVector) magnitude.convert(VectorOperators.I2F, 0)).mul(0x1p-24f);
        FloatVector normal = magnitude.lanewise(VectorOperators.LSHL, 13).add(112 << 23).reinterpretAsFloats();
        FloatVector value = normal.blend(subnormal, magnitude.compare(VectorOperators.LT, 1024).cast(FLOATS));
        return value.reinterpretAsInts().or(bits.and(Integer.MIN_VALUE)).reinterpretAsFloats();
    }
}
