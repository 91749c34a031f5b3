package dev.wuneng.kernels.run;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** The memory that buffers may take on this machine, outside of the JVM's heap. */
public final class HostMemory {
    private HostMemory() {
    }

    /** What the JVM was allowed ({@code -XX:MaxDirectMemorySize}, else as much as its heap), and no more than the machine or the container has. */
    public static long limit() {
        String option = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class).getVMOption("MaxDirectMemorySize").getValue();
        long allowed = Long.parseLong(option);
        long machine = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
        return Math.min(allowed == 0 ? Runtime.getRuntime().maxMemory() : allowed, machine);
    }
}
