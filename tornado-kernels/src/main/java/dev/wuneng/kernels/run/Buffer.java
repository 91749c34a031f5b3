package dev.wuneng.kernels.run;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * A named array that kernels read and write, zero at first. Its memory is taken on first use, so a plan can be made, measured and refused
 * before anything is allocated.
 */
public final class Buffer {
    /** How a buffer stores its elements. Halves are for matrices that are only read: whatever is computed with them is computed in F32. */
    public enum Type {
        F32(4), BF16(2), F16(2), INT(4);

        private final int bytes;

        Type(int bytes) {
            this.bytes = bytes;
        }

        /** Bytes an element. */
        public int bytes() {
            return bytes;
        }

        public boolean isHalf() {
            return bytes == 2;
        }

        /** What is left of a number that is stored. */
        public float round(float value) {
            return isHalf() ? value(half(value)) : value;
        }

        /** A number as a half, rounded to the nearest and from halfway to the even one. */
        public short half(float value) {
            if (this == F16) {
                return Float.floatToFloat16(value);
            }
            int bits = Float.floatToIntBits(value);
            // Half of the last place kept, less one unless that place is odd: the carry rounds to the nearest even. A NaN, whose lower half
            // is zero here, stays one.
            return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
        }

        /** Stores float32 as halves. */
        public void narrow(MemorySegment floats, MemorySegment halves) {
            int count = Math.toIntExact(halves.byteSize() / 2);
            for (int i = 0; i < count; i++) {
                halves.setAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i, half(floats.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i)));
            }
        }

        /** Gives halves as float32. */
        public void widen(MemorySegment halves, MemorySegment floats) {
            int count = Math.toIntExact(halves.byteSize() / 2);
            for (int i = 0; i < count; i++) {
                floats.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, value(halves.getAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i)));
            }
        }

        /** The number that a half stands for. */
        public float value(short half) {
            return this == F16 ? Float.float16ToFloat(half) : Float.intBitsToFloat(half << 16);
        }
    }

    private final String name;
    private final Type type;
    private final int size;
    private volatile TornadoNativeArray array;
    /** The array's own answer is a new object each time it is asked, and forms ask for every few rows. */
    private MemorySegment segment;

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
        return of(name, Type.F32, size);
    }

    public static Buffer ints(String name, long size) {
        return of(name, Type.INT, size);
    }

    public static Buffer of(String name, Type type, long size) {
        return new Buffer(name, type, size);
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
        return (long) type.bytes * size;
    }

    public FloatArray floats() {
        return (FloatArray) array();
    }

    public IntArray ints() {
        return (IntArray) array();
    }

    public ShortArray halves() {
        return (ShortArray) array();
    }

    /** An element, for the host; of a buffer of numbers, in whichever precision. */
    public float get(int i) {
        return type.isHalf() ? type.value(halves().get(i)) : floats().get(i);
    }

    /** Stores an element, rounded where the buffer's precision asks for it. */
    public void set(int i, float value) {
        if (type.isHalf()) {
            halves().set(i, type.half(value));
        } else {
            floats().set(i, value);
        }
    }

    /** The elements as memory, without TornadoVM's array header. */
    public MemorySegment segment() {
        MemorySegment known = segment;
        if (known == null) {
            known = array().getSegment();
            segment = known;
        }
        return known;
    }

    /** The array itself, as a kernel takes it. */
    TornadoNativeArray array() {
        TornadoNativeArray known = array;
        return known == null ? allocateOnce() : known;
    }

    private synchronized TornadoNativeArray allocateOnce() {
        if (array == null) {
            array = allocate();
        }
        return array;
    }

    private TornadoNativeArray allocate() {
        try {
            // A device buffer of no bytes cannot be made, so an empty one has a single element that nobody touches.
            int elements = Math.max(1, size);
            TornadoNativeArray made = switch (type) {
                case F32 -> new FloatArray(elements);
                case BF16, F16 -> new ShortArray(elements);
                case INT -> new IntArray(elements);
            };
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
