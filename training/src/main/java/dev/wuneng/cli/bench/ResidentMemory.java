package dev.wuneng.cli.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The memory of this process, as Linux counts it. */
final class ResidentMemory {
    private ResidentMemory() {
    }

    /** The most bytes that were resident at once, or −1 where the system does not tell. */
    static long most() {
        try {
            return Files.readAllLines(Path.of("/proc/self/status")).stream().filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", ""))).findFirst().orElse(-1);
        } catch (IOException notLinux) {
            return -1;
        }
    }
}
