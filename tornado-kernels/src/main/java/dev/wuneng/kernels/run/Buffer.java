package dev.wuneng.kernels.run;

import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * A named array that kernels read and write, of 32-bit floats or ints, zero at first. Its memory is taken on first use, so a plan can
 * be made, measured and refused before anything is allocated.
 */
public final class Buffer {
    /** What a buffer holds; every type here takes four bytes an element. */
    public enum Type { FLOAT, INT }

    private final String name;
    private final Type type;
    private final int size;
    private TornadoNativeArray array;

    private Buffer(String name, Type type, long size) {
        if (size < 0 || size > Integer.MAX_VALUE - 16) {
            throw new KernelException("buffer " + name + " would hold " + size + " elements, and one array holds at most "
                    + (Integer.MAX_VALUE - 16) + ": use a smaller batch, shorter rows or fewer layers kept at once");
        }
        this.name = name;
        this.type = type;
        this.size = (int) size;
    }

    public static Buffer floats(String name, long size) {
        return new Buffer(name, Type.FLOAT, size);
    }

    public static Buffer ints(String name, long size) {
        return new Buffer(name, Type.INT, size);
    }

    public String name() {
        return name;
    }

    public Type type() {
        return type;
    }

    public int size() {
        return size;
    }

    public long bytes() {
        return 4L * size;
    }

    public FloatArray floats() {
        return (FloatArray) array();
    }

    public IntArray ints() {
        return (IntArray) array();
    }

    /** The array itself, as a kernel takes it. */
    synchronized TornadoNativeArray array() {
        if (array == null) {
            array = allocate();
        }
        return array;
    }

    private TornadoNativeArray allocate() {
        try {
            // A device buffer of no bytes cannot be made, so an empty one has a single element that nobody touches.
            TornadoNativeArray made = type == Type.FLOAT ? new FloatArray(Math.max(1, size)) : new IntArray(Math.max(1, size));
            // TornadoVM's API before 2.0 computes the byte size in an int.
            if (made.getSegment().byteSize() >= bytes()) {
                return made;
            }
        } catch (IllegalArgumentException | NegativeArraySizeException tooLargeForThisApi) {
            // said below
        } catch (OutOfMemoryError noMemory) {
            throw new KernelException("no memory for buffer " + name + " of " + bytes() + " bytes: use a smaller batch, recompute activations,"
                    + " or let the JVM have more with -XX:MaxDirectMemorySize");
        }
        throw new KernelException("buffer " + name + " of " + bytes()
                + " bytes is over the 2 GiB that this TornadoVM API can allocate: use a smaller batch, or build with -Dtornado.api.version=2.0 or newer");
    }

    /** The whole buffer. */
    public View view() {
        return new View(this, 0, 0);
    }

    /** The part that begins at an element. */
    public View at(int base) {
        return new View(this, base, 0);
    }

    /** Slot {@code index} of a stack of equal parts, where {@code index} is the one a program is run with (a layer, say). */
    public View stacked(int stride) {
        return new View(this, 0, stride);
    }

    @Override
    public String toString() {
        return name + "[" + size + "]";
    }
}
