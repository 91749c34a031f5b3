package dev.wuneng.kernels.host;

import java.lang.foreign.MemorySegment;

/**
 * A loop over columns of one or two rows, which the JVM's compiler compiles for itself, for the reason that {@link Passes} gives: whoever owns a loop
 * keeps it in a field that is not static, where the compiler cannot see which one it is, and all calls go through the one in {@link #run}.
 */
interface RowLoop {
    /**
     * @param x a row, read and maybe written from element {@code x0} on
     * @param y another row that is only read
     * @param n numbers for and from the loop
     */
    void loop(MemorySegment x, int x0, MemorySegment y, int y0, int size, float[] n);

    static void run(RowLoop loop, MemorySegment x, int x0, MemorySegment y, int y0, int size, float[] n) {
        loop.loop(x, x0, y, y0, size, n);
    }
}
