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
        return (from, to, at, scratch) -> {
            MemorySegment memory = view.segment();
            float sum = 0f;
            for (int i = from * width; i < to * width; i += LINE) {
                sum += memory.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * (at[argument] + i));
            }
            // Without a use the compiler would leave the loop out.
            scratch.floats(1)[0] = sum;
        };
    }
}
