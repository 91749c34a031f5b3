package dev.wuneng.kernels.run;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import uk.ac.manchester.tornado.api.TornadoProfilerResult;

/**
 * Where the time of a device went. TornadoVM's profiler tells compiling, copying and kernels apart; of its devices first executions, which
 * compile, are always counted, and later ones where it is asked for, since the profiler waits for every launch. The JVM has nothing to
 * compile ahead and nothing to copy; what its threads take for each launch is counted where it is asked for.
 */
public final class Profile {
    private boolean everyRun;
    private long sourceNanos;
    private long driverNanos;
    private long copyNanos;
    private final Map<String, Kernels> kernels = new LinkedHashMap<>();

    /** The launches of one kernel. */
    private record Kernels(long nanos, long launches) {
        Kernels plus(Kernels more) {
            return new Kernels(nanos + more.nanos, launches + more.launches);
        }
    }

    Profile() {
    }

    /** Whether to count every execution from now on, and not only the first of each program. */
    public void countEveryRun(boolean every) {
        everyRun = every;
    }

    boolean everyRun() {
        return everyRun;
    }

    /** Adds an execution of a task graph. */
    void add(TornadoProfilerResult result, Map<String, Launch> tasks, boolean compiled) {
        if (compiled) {
            sourceNanos += result.getTornadoCompilerTime();
            driverNanos += result.getDriverInstallTime();
        }
        copyNanos += result.getDeviceWriteTime() + result.getDeviceReadTime();
        String log = result.getProfileLog();
        tasks.forEach((task, launch) -> add(launch.name(), kernelNanos(task, log)));
    }

    /** Adds a launch. */
    void add(String kernel, long nanos) {
        kernels.merge(kernel, new Kernels(nanos, 1), Kernels::plus);
    }

    /** The time of one task's kernel in a profiler's log, which is JSON, or 0 where the kernel did not run. */
    static long kernelNanos(String task, String log) {
        Matcher time = Pattern.compile("\"" + Pattern.quote(task) + "\"\\s*:[^}]*\"TASK_KERNEL_TIME\"\\s*:\\s*\"(\\d+)\"").matcher(log);
        return time.find() ? Long.parseLong(time.group(1)) : 0;
    }

    /** Everything counted, with a line for each kernel, the slowest first. */
    public String table() {
        long kernelNanos = kernels.values().stream().mapToLong(Kernels::nanos).sum();
        StringBuilder table = new StringBuilder();
        table.append(String.format(Locale.ROOT, "compiling %9.3f s   (TornadoVM %.3f s, driver %.3f s)%n",
                seconds(sourceNanos + driverNanos), seconds(sourceNanos), seconds(driverNanos)));
        table.append(String.format(Locale.ROOT, "copying   %9.3f s%n", seconds(copyNanos)));
        table.append(String.format(Locale.ROOT, "kernels   %9.3f s%n", seconds(kernelNanos)));
        table.append(String.format(Locale.ROOT, "%-36s %9s %10s %7s %12s%n", "kernel", "launches", "seconds", "share", "ms a launch"));
        List<Map.Entry<String, Kernels>> slowestFirst = kernels.entrySet().stream()
                .sorted((a, b) -> Long.compare(b.getValue().nanos, a.getValue().nanos)).toList();
        for (Map.Entry<String, Kernels> entry : slowestFirst) {
            Kernels k = entry.getValue();
            table.append(String.format(Locale.ROOT, "%-36s %9d %10.3f %6.1f%% %12.4f%n", entry.getKey(), k.launches, seconds(k.nanos),
                    100.0 * k.nanos / Math.max(1, kernelNanos), seconds(k.nanos) * 1e3 / k.launches));
        }
        return table.toString();
    }

    private static double seconds(long nanos) {
        return nanos / 1e9;
    }
}
