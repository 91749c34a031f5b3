package dev.wuneng.kernels.run;

import java.util.Locale;

/**
 * A device that programs can run on and what it says about itself.
 *
 * @param id what {@code --device} takes
 * @param backend the compiler in between, in lower case: {@code jvm}, {@code opencl}, {@code ptx}, {@code cuda}…
 * @param kind CPU, GPU…
 * @param memory bytes in all, and {@code largest} bytes in one buffer
 * @param localMemory bytes that a work-group shares
 * @param units compute units
 * @param groupLimit work-items that one work-group holds at most
 * @param floats widths of the floating point numbers it computes with, in bits
 * @param driver its driver's version, or an empty text
 */
public record DeviceInfo(String id, String backend, String name, String kind, long memory, long largest, long localMemory, int units,
        long groupLimit, String floats, String driver) {

    public boolean isCpu() {
        return kind.contains("CPU");
    }

    /** The device and its memory in words. */
    @Override
    public String toString() {
        return id + " " + name + " (" + kind + ", " + inWords(memory) + (driver.isEmpty() ? "" : ", driver " + driver) + ")";
    }

    /** A number of bytes as people say it. */
    public static String inWords(long bytes) {
        return bytes < 1L << 20 ? String.format(Locale.ROOT, "%d KiB", bytes >> 10)
                : bytes < 1L << 30 ? String.format(Locale.ROOT, "%.0f MiB", bytes / (double) (1L << 20))
                : String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1L << 30));
    }
}
