package dev.wuneng.kernels.run;

import java.util.List;

/** Runs programs on one device. */
public interface Executor extends AutoCloseable {
    /** The device in words, for the first line that a command prints. */
    String device();

    /** Bytes that all buffers of the programs may take together. */
    long memory();

    /**
     * Says which programs will run from now on, so that a device compiles them together and keeps their buffers. Contents of buffers
     * survive. Running a program that was not named here is right too, but on a device it builds all of them anew.
     */
    void prepare(List<Program> programs);

    /** Whether kernels are compiled for the sizes of their launches, so that each size of a program takes long before it runs first. */
    default boolean compiles() {
        return true;
    }

    /** Runs all launches of a program in order; views that are stacked stand at {@code index}. */
    void run(Program program, int index);

    /** Where the time goes. */
    Profile profile();

    /** Makes what the host wrote into a buffer visible to the programs that run from now on. */
    void upload(Buffer buffer);

    /** Makes what the programs wrote into a buffer visible to the host. */
    void download(Buffer buffer);

    @Override
    void close();
}
