package dev.wuneng.kernels.run;

/**
 * A second form of a kernel for the JVM alone, written with the Vector API where a measurement asked for it. It computes what the plain
 * kernel computes, cut into items of its own; items are independent, so the result is the same for any number of threads.
 */
@FunctionalInterface
public interface HostBody {
    /**
     * Computes items {@code from} to {@code to - 1}.
     *
     * @param at the first element of each view of the launch, in the kernel's order
     * @param scratch memory of the calling thread
     */
    void run(int from, int to, int[] at, Scratch scratch);
}
