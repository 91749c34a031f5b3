package dev.wuneng.model.checkpoint;

import dev.wuneng.kernels.run.Buffer.Type;
import dev.wuneng.model.ModelException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A tensor to be written: its description, and its bytes a window at a time, so that a model larger than the memory can be converted. */
public final class OutgoingTensor {
    /** Where the bytes come from. */
    @FunctionalInterface
    private interface Content {
        /** Hands out elements from {@code first} on, in the dtype to be written. */
        MemorySegment elements(long first, long count, Arena arena);
    }

    private final String name;
    private final Dtype dtype;
    private final int[] shape;
    private final long size;
    private final Content content;

    private OutgoingTensor(String name, Dtype dtype, int[] shape, long size, Content content) {
        this.name = name;
        this.dtype = dtype;
        this.shape = shape;
        this.size = size;
        this.content = content;
    }

    /** Float32 in memory in native order, written as F32, F16 or BF16. The memory is read when the file is written. */
    public static OutgoingTensor of(String name, int[] shape, MemorySegment floats, Dtype dtype) {
        return new OutgoingTensor(name, dtype, shape, floats.byteSize() / 4,
                (first, count, arena) -> encoded(name, floats.asSlice(4 * first, 4 * count), dtype, arena));
    }

    /** Memory in a precision of buffers, written as F32, F16 or BF16; in its own it keeps every bit. */
    public static OutgoingTensor of(String name, int[] shape, MemorySegment stored, Type type, Dtype dtype) {
        if (!type.isHalf()) {
            return of(name, shape, stored, dtype);
        }
        return new OutgoingTensor(name, dtype, shape, stored.byteSize() / type.bytes(), (first, count, arena) -> {
            MemorySegment halves = stored.asSlice(type.bytes() * first, type.bytes() * count);
            if (Dtype.of(type) == dtype) {
                MemorySegment elements = arena.allocate(halves.byteSize());
                Dtype.copyHalves(halves, elements);
                return elements;
            }
            MemorySegment floats = arena.allocate(4 * count);
            type.widen(halves, floats);
            return encoded(name, floats, dtype, arena);
        });
    }

    /** A tensor of another file. In its own dtype it keeps every bit; whole numbers keep their dtype whatever is asked for. */
    public static OutgoingTensor of(Tensor tensor, Dtype dtype) {
        if (tensor.dtype() == dtype || !tensor.dtype().isFloat()) {
            return new OutgoingTensor(tensor.name(), tensor.dtype(), tensor.shape(), tensor.size(), tensor::elements);
        }
        return new OutgoingTensor(tensor.name(), dtype, tensor.shape(), tensor.size(), (first, count, arena) -> {
            MemorySegment floats = arena.allocate(4 * count);
            tensor.floats(first, floats);
            return encoded(tensor.name(), floats, dtype, arena);
        });
    }

    private static MemorySegment encoded(String name, MemorySegment floats, Dtype dtype, Arena arena) {
        if (dtype != Dtype.F32 && !dtype.holds(floats)) {
            throw new ModelException("tensor " + name + " holds a value that is not finite in " + dtype + ": write it in F32 or, if it is large, BF16");
        }
        MemorySegment elements = arena.allocate(floats.byteSize() / 4 * dtype.bytes());
        dtype.encode(floats, elements);
        return elements;
    }

    public String name() {
        return name;
    }

    Dtype dtype() {
        return dtype;
    }

    int[] shape() {
        return shape;
    }

    /** Elements. */
    long size() {
        return size;
    }

    /** Bytes in the file. */
    public long bytes() {
        return size * dtype.bytes();
    }

    MemorySegment elements(long first, long count, Arena arena) {
        return content.elements(first, count, arena);
    }
}
