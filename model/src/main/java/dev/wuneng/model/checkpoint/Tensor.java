package dev.wuneng.model.checkpoint;

import dev.wuneng.model.ModelException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** A named tensor inside a mapped safetensors file; its bytes are read when asked for. */
public record Tensor(String name, Dtype dtype, int[] shape, MemorySegment data) {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** The number of elements. */
    public long size() {
        return data.byteSize() / dtype.bytes();
    }

    /** One element as a double, exactly. */
    public double get(long i) {
        return switch (dtype) {
            case F64 -> data.getAtIndex(DOUBLE, i);
            case F32 -> data.getAtIndex(FLOAT, i);
            case F16 -> Float.float16ToFloat(data.getAtIndex(SHORT, i));
            case BF16 -> Float.intBitsToFloat(data.getAtIndex(SHORT, i) << 16);
            case I64 -> data.getAtIndex(LONG, i);
            case I32 -> data.getAtIndex(INT, i);
        };
    }

    /** All elements as doubles. */
    public double[] doubles() {
        double[] values = new double[Math.toIntExact(size())];
        for (int i = 0; i < values.length; i++) {
            values[i] = get(i);
        }
        return values;
    }

    /** All elements of a tensor of whole numbers. */
    public int[] ints() {
        int[] values = new int[Math.toIntExact(size())];
        for (int i = 0; i < values.length; i++) {
            values[i] = Math.toIntExact((long) get(i));
        }
        return values;
    }

    /** Writes the elements as float32; a value that is not finite is refused. */
    public void copyTo(MemorySegment floats) {
        long size = size();
        if (dtype == Dtype.F32 && ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN) {
            MemorySegment.copy(data, 0, floats, 0, 4 * size);
        } else {
            for (long i = 0; i < size; i++) {
                floats.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, (float) get(i));
            }
        }
        // 0 · x is 0 for every finite x and NaN otherwise, so one sum tells whether all are finite.
        float probe = 0;
        for (long i = 0; i < size; i++) {
            probe += 0f * floats.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i);
        }
        if (probe != 0) {
            throw new ModelException("tensor " + name + " holds a value that is not finite: the checkpoint is damaged, fetch it again");
        }
    }
}
