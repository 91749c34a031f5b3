package dev.wuneng.kernels.run;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/** What programs need of a device's memory, compared with what it has before anything is allocated there. */
public final class DeviceMemory {
    private DeviceMemory() {
    }

    /** The bytes of all buffers that programs use, each counted once. */
    public static long needed(Collection<Program> programs) {
        return programs.stream().flatMap(p -> p.buffers().stream()).distinct().mapToLong(Buffer::bytes).sum();
    }

    /** Refuses, with the numbers, what cannot fit. */
    static void check(Collection<Buffer> buffers, DeviceInfo device) {
        long needed = buffers.stream().mapToLong(Buffer::bytes).sum();
        List<Buffer> bySize = buffers.stream().sorted(Comparator.comparingLong(Buffer::bytes).reversed()).toList();
        if (!bySize.isEmpty() && bySize.getFirst().bytes() >= device.largest()) {
            throw new KernelException(device + " takes " + DeviceInfo.inWords(device.largest()) + " in one buffer, and " + inWords(bySize.getFirst())
                    + " is larger: use a smaller batch, shorter rows or recompute activations");
        }
        if (needed > device.memory()) {
            throw new KernelException("the buffers need " + DeviceInfo.inWords(needed) + " and " + device + " has no more than "
                    + DeviceInfo.inWords(device.memory()) + "; the largest are "
                    + String.join(", ", bySize.stream().limit(3).map(DeviceMemory::inWords).toList())
                    + ": use a smaller batch, shorter rows or recompute activations");
        }
    }

    private static String inWords(Buffer buffer) {
        return buffer.name() + " of " + DeviceInfo.inWords(buffer.bytes());
    }
}
