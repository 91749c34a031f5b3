package dev.wuneng.model.checkpoint;

import dev.wuneng.kernels.run.Buffer.Type;
import dev.wuneng.model.ModelException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;

/** A named tensor inside a safetensors file; its elements are read when asked for. */
public final class Tensor {
    /** Elements looked at together: enough to make a window worth mapping, few enough to stay small beside any model. */
    static final int WINDOW = 1 << 22;
    private static final int EXPONENT = 0x7F800000;

    private final String name;
    private final Dtype dtype;
    private final int[] shape;
    private final ByteSource source;
    private final long offset;
    private final long size;

    /** A tensor whose bytes begin {@code offset} bytes into a file; all of it was checked to lie inside. */
    Tensor(String name, Dtype dtype, int[] shape, ByteSource source, long offset, long size) {
        this.name = name;
        this.dtype = dtype;
        this.shape = shape;
        this.source = source;
        this.offset = offset;
        this.size = size;
    }

    public String name() {
        return name;
    }

    public Dtype dtype() {
        return dtype;
    }

    public int[] shape() {
        return shape.clone();
    }

    /** The number of elements. */
    public long size() {
        return size;
    }

    /** The number of bytes in the file. */
    public long bytes() {
        return size * dtype.bytes();
    }

    /** The file it is in. */
    public Path file() {
        return source.file();
    }

    /** All elements as doubles. */
    public double[] doubles() {
        double[] values = new double[Math.toIntExact(size)];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment elements = source.window(offset, bytes(), arena);
            for (int i = 0; i < values.length; i++) {
                values[i] = dtype.get(elements, i);
            }
        }
        return values;
    }

    /** All elements of a tensor of whole numbers. */
    public int[] ints() {
        double[] values = doubles();
        int[] ints = new int[values.length];
        for (int i = 0; i < ints.length; i++) {
            ints[i] = Math.toIntExact((long) values[i]);
        }
        return ints;
    }

    /** Writes the elements as float32; a value that is not finite is refused. */
    public void copyTo(MemorySegment floats) {
        copyTo(floats, Type.F32);
    }

    /** Writes the elements in a precision of buffers, rounded where that is less than the tensor's own; a value that is not finite is refused. */
    public void copyTo(MemorySegment target, Type type) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment window = type.isHalf() ? arena.allocate(4L * Math.min(WINDOW, size)) : null;
            for (long first = 0; first < size; first += WINDOW) {
                long count = Math.min(WINDOW, size - first);
                MemorySegment part = target.asSlice(type.bytes() * first, type.bytes() * count);
                MemorySegment floats = type.isHalf() ? window.asSlice(0, 4 * count) : part;
                floats(first, floats);
                boolean finite = isFinite(floats);
                if (finite && type.isHalf()) {
                    type.narrow(floats, part);
                    type.widen(part, floats);
                    if (!isFinite(floats)) {
                        throw new ModelException(file() + " holds a value in tensor " + name + " that is too large for " + Dtype.of(type).torchName()
                                + ": keep it in bfloat16 or float32");
                    }
                }
                if (!finite) {
                    throw new ModelException(file() + " holds a value that is not finite in tensor " + name
                            + ": the checkpoint is damaged, fetch it again");
                }
            }
        }
    }

    /** Whether two tensors hold the same numbers in the same order. */
    public boolean holdsSame(Tensor other) {
        if (size != other.size) {
            return false;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment mine = arena.allocate(4L * WINDOW);
            MemorySegment others = arena.allocate(4L * WINDOW);
            for (long first = 0; first < size; first += WINDOW) {
                long bytes = 4 * Math.min(WINDOW, size - first);
                floats(first, mine.asSlice(0, bytes));
                other.floats(first, others.asSlice(0, bytes));
                if (MemorySegment.mismatch(mine, 0, bytes, others, 0, bytes) >= 0) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Fills {@code floats}, at most {@link #WINDOW} of them, with the elements from {@code first} on, whatever they are. */
    void floats(long first, MemorySegment floats) {
        try (Arena arena = Arena.ofConfined()) {
            dtype.decode(elements(first, floats.byteSize() / 4, arena), floats);
        }
    }

    /** The elements from {@code first} on as they are in the file. */
    MemorySegment elements(long first, long count, Arena arena) {
        return source.window(offset + first * dtype.bytes(), count * dtype.bytes(), arena);
    }

    static boolean isFinite(MemorySegment floats) {
        int count = Math.toIntExact(floats.byteSize() / 4);
        // A maximum of whole numbers, which unlike a sum of floats may be taken in any order and so with vectors.
        int largest = 0;
        for (int i = 0; i < count; i++) {
            largest = Math.max(largest, floats.getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i) & EXPONENT);
        }
        return largest < EXPONENT;
    }
}
