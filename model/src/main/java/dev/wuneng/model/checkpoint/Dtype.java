package dev.wuneng.model.checkpoint;

import dev.wuneng.kernels.run.Buffer.Type;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** The element types of safetensors that are read here, all little endian, and how their elements become float32 and come from it. */
public enum Dtype {
    F64(8, "float64"), F32(4, "float32"), F16(2, "float16"), BF16(2, "bfloat16"), I64(8, "int64"), I32(4, "int32");

    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfFloat F32_ELEMENT = FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble F64_ELEMENT = ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort HALF = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt I32_ELEMENT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong I64_ELEMENT = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final int bytes;
    private final String torchName;

    Dtype(int bytes, String torchName) {
        this.bytes = bytes;
        this.torchName = torchName;
    }

    /** What {@code torch_dtype} of a {@code config.json} calls it. */
    public String torchName() {
        return torchName;
    }

    /** Bytes an element. */
    public int bytes() {
        return bytes;
    }

    /** The dtype of what a buffer stores in this precision. */
    public static Dtype of(Type type) {
        return switch (type) {
            case F32 -> F32;
            case BF16 -> BF16;
            case F16 -> F16;
            case INT -> I32;
        };
    }

    /** The precision that keeps every element as it is, or float32 where there is none. */
    public Type stored() {
        return this == BF16 ? Type.BF16 : this == F16 ? Type.F16 : Type.F32;
    }

    /** Whether elements are fractions, as weights are, and not whole numbers. */
    public boolean isFloat() {
        return this != I64 && this != I32;
    }

    /** One element as a double; only an I64 beyond 2⁵³ is rounded. */
    double get(MemorySegment elements, long i) {
        return switch (this) {
            case F64 -> elements.getAtIndex(F64_ELEMENT, i);
            case F32 -> elements.getAtIndex(F32_ELEMENT, i);
            case F16 -> Float.float16ToFloat(elements.getAtIndex(HALF, i));
            case BF16 -> Float.intBitsToFloat(elements.getAtIndex(HALF, i) << 16);
            case I64 -> elements.getAtIndex(I64_ELEMENT, i);
            case I32 -> elements.getAtIndex(I32_ELEMENT, i);
        };
    }

    /** Halves in native order as elements, or elements as halves in native order, which is the same. */
    static void copyHalves(MemorySegment from, MemorySegment to) {
        MemorySegment.copy(from, ValueLayout.JAVA_SHORT_UNALIGNED, 0, to, HALF, 0, to.byteSize() / 2);
    }

    /** Whether halves of F16 or BF16 in native order are all finite. */
    boolean isFinite(MemorySegment halves) {
        long exponents = this == F16 ? 0x7C00_7C00_7C00_7C00L : 0x7F80_7F80_7F80_7F80L;
        long lowest = exponents & ~(exponents << 1);
        // One more in an exponent's last place is carried into the place of the sign if, and only if, the exponent is all ones. Four halves at a time, and
        // what is carried gathered with or, which may be taken in any order and so with vectors.
        int longs = Math.toIntExact(halves.byteSize() / 8);
        long sums = 0;
        for (int i = 0; i < longs; i++) {
            sums |= (halves.getAtIndex(ValueLayout.JAVA_LONG_UNALIGNED, i) & exponents) + lowest;
        }
        for (long i = 4L * longs; i < halves.byteSize() / 2; i++) {
            sums |= (Short.toUnsignedLong(halves.getAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i)) & exponents) + lowest;
        }
        return (sums & (exponents + lowest)) == 0;
    }

    /** Whether float32 in native order are all finite, and stay so when they are rounded to F32, F16 or BF16. */
    boolean holds(MemorySegment floats) {
        int infinite = Float.floatToIntBits(this == F16 ? 65520 : this == BF16 ? 0x1.FFp127f : Float.POSITIVE_INFINITY);
        int count = Math.toIntExact(floats.byteSize() / 4);
        // A maximum of whole numbers, which unlike one of floats may be taken in any order and so with vectors. NaNs are the largest.
        int largest = 0;
        for (int i = 0; i < count; i++) {
            largest = Math.max(largest, floats.getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i) & Integer.MAX_VALUE);
        }
        return largest < infinite;
    }

    /** Elements as float32 in native order, in one plain loop a type. */
    void decode(MemorySegment elements, MemorySegment floats) {
        int count = Math.toIntExact(floats.byteSize() / 4);
        switch (this) {
            case F32 -> MemorySegment.copy(elements, F32_ELEMENT, 0, floats, FLOAT, 0, count);
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    floats.setAtIndex(FLOAT, i, Float.intBitsToFloat(elements.getAtIndex(HALF, i) << 16));
                }
            }
            case F16 -> {
                for (int i = 0; i < count; i++) {
                    floats.setAtIndex(FLOAT, i, Float.float16ToFloat(elements.getAtIndex(HALF, i)));
                }
            }
            default -> {
                for (int i = 0; i < count; i++) {
                    floats.setAtIndex(FLOAT, i, (float) get(elements, i));
                }
            }
        }
    }

    /** Float32 in native order as elements of F32, F16 or BF16, rounded to the nearest and from halfway to the even one. */
    void encode(MemorySegment floats, MemorySegment elements) {
        int count = Math.toIntExact(floats.byteSize() / 4);
        switch (this) {
            case F32 -> MemorySegment.copy(floats, FLOAT, 0, elements, F32_ELEMENT, 0, count);
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    elements.setAtIndex(HALF, i, Type.BF16.half(floats.getAtIndex(FLOAT, i)));
                }
            }
            case F16 -> {
                for (int i = 0; i < count; i++) {
                    elements.setAtIndex(HALF, i, Float.floatToFloat16(floats.getAtIndex(FLOAT, i)));
                }
            }
            default -> throw new IllegalArgumentException("float32 is not written as " + this);
        }
    }
}
