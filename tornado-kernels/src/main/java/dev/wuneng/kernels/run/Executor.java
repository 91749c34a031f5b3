package dev.wuneng.kernels.run;

/** Runs programs on one device. */
public interface Executor extends AutoCloseable {
    /** The device in words, for the first line that a command prints. */
    String device();

    /** Runs all launches of a program in order; views that are stacked stand at {@code index}. */
    void run(Program program, int index);

    /** Makes what the host wrote into a buffer visible to the programs that run from now on. */
    void upload(Buffer buffer);

    /** Makes what the programs wrote into a buffer visible to the host. */
    void download(Buffer buffer);

    @Override
    void close();
}
