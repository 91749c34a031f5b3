package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Brings rows into the cache ahead of loops that read or write parts of them. One number of every cache line is read, line after line, and memory is fast at
 * that: the processor asks for many lines at once and guesses the next ones. Loops that leave lines out wait for each.
 */
final class Fetch {
    /** Elements of a cache line. */
    private static final int LINE = 16;

    private Fetch() {
    }

    /** A pass whose items are rows of {@code width} elements. */
    static HostBody rows(View view, int argument, int width) {
        return (from, to, at, scratch) -> lines(view.segment(), at[argument] + from * width, (to - from) * width, scratch.floats(1), 0);
    }

    /** Some rows of {@code width} elements, {@code step} apart. */
    static void rows(MemorySegment memory, int element, int width, int step, int rows, float[] m, int unused) {
        for (int r = 0; r < rows; r++) {
            lines(memory, element + r * step, width, m, unused);
        }
    }

    /** @param unused where a number is left, without which the compiler would leave the loop out */
    private static void lines(MemorySegment memory, int element, int size, float[] m, int unused) {
        float sum = 0f;
        for (int i = 0; i < size; i += LINE) {
            sum += memory.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * (element + i));
        }
        m[unused] = sum;
    }
}
