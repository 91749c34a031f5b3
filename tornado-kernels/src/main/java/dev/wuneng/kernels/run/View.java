package dev.wuneng.kernels.run;

import java.lang.foreign.MemorySegment;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * A place in a buffer: element {@code base + index · stride}, where {@code index} is what the program is run with. A kernel is given the
 * buffer's array and, through its offset table, this element.
 */
public record View(Buffer buffer, int base, int stride) {

    /** The place {@code elements} further on. */
    public View plus(int elements) {
        return new View(buffer, Math.addExact(base, elements), stride);
    }

    /** The next slot of a stack: what is slot l + 1 when the program runs with index l. */
    public View next() {
        return plus(stride);
    }

    /** The first element for a run with an index. */
    public int offset(int index) {
        return Math.addExact(base, Math.multiplyExact(index, stride));
    }

    /** How the buffer stores its elements. */
    public Buffer.Type type() {
        return buffer.type();
    }

    public FloatArray floats() {
        return buffer.floats();
    }

    /** The elements as memory, without TornadoVM's array header. */
    public MemorySegment segment() {
        return buffer.segment();
    }
}
