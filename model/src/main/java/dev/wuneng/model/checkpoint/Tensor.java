package dev.wuneng.model.checkpoint;

import dev.wuneng.kernels.run.Buffer.Type;
import dev.wuneng.model.ModelException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** A named tensor inside a safetensors file; its elements are read when asked for. */
public final class Tensor {
    /** Elements looked at together: enough to make a window worth reading, few enough that it stays in a processor's cache with what becomes of it. */
    static final int WINDOW = 1 << 18;

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
            MemorySegment elements = elements(0, size, arena);
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
        for (long first = 0; first < size; first += WINDOW) {
            long count = Math.min(WINDOW, size - first);
            try (Arena arena = Arena.ofConfined()) {
                copy(elements(first, count, arena), target.asSlice(type.bytes() * first, type.bytes() * count), type, arena);
            }
        }
    }

    private void copy(MemorySegment elements, MemorySegment target, Type type, Arena arena) {
        Dtype kept = Dtype.of(type);
        if (type.isHalf() && dtype == kept) {
            Dtype.copyHalves(elements, target);
            requireFinite(dtype.isFinite(target));
            return;
        }
        MemorySegment floats = type.isHalf() ? arena.allocate(2 * target.byteSize()) : target;
        dtype.decode(elements, floats);
        requireFinite(Dtype.F32.holds(floats));
        if (type.isHalf()) {
            if (!kept.holds(floats)) {
                throw new ModelException(file() + " holds a value in tensor " + name + " that is too large for " + kept.torchName()
                        + ": keep it in bfloat16 or float32");
            }
            type.narrow(floats, target);
        }
    }

    private void requireFinite(boolean finite) {
        if (!finite) {
            throw new ModelException(file() + " holds a value that is not finite in tensor " + name + ": the checkpoint is damaged, fetch it again");
        }
    }

    /** Whether two tensors hold the same numbers in the same order. */
    public boolean holdsSame(Tensor other) {
        if (size != other.size) {
            return false;
        }
        for (long first = 0; first < size; first += WINDOW) {
            long count = Math.min(WINDOW, size - first);
            try (Arena arena = Arena.ofConfined()) {
                if (window(first, count, other.dtype, arena).mismatch(other.window(first, count, dtype, arena)) >= 0) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Elements as they can be compared with those of a tensor of another dtype: as they are if that is the same, else as float32. */
    private MemorySegment window(long first, long count, Dtype others, Arena arena) {
        if (dtype == others) {
            return elements(first, count, arena);
        }
        MemorySegment floats = arena.allocate(4 * count);
        floats(first, floats);
        return floats;
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
}
