package dev.wuneng.kernels.run;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import uk.ac.manchester.tornado.api.TornadoProfilerResult;

/**
 * Where the time of a device went, from TornadoVM's profiler: compiling, copying and kernels apart. First executions, which compile, are
 * always counted; later ones where it is asked for, since the profiler waits for every launch.
 */
public final class TornadoProfile {
    private boolean everyRun;
    private long generateNanos;
    private long driverNanos;
    private long copyNanos;
    private final Map<String, Long> nanosOfKernel = new LinkedHashMap<>();
    private final Map<String, Integer> launchesOfKernel = new LinkedHashMap<>();

    TornadoProfile() {
    }

    /** Counts every execution from now on, and not only the first of each program. */
    public void ofEveryRun() {
        everyRun = true;
    }

    boolean everyRun() {
        return everyRun;
    }

    void add(TornadoProfilerResult result, Map<String, Launch> tasks) {
        generateNanos += result.getTornadoCompilerTime();
        driverNanos += result.getDriverInstallTime();
        copyNanos += result.getDeviceWriteTime() + result.getDeviceReadTime();
        String log = result.getProfileLog();
        tasks.forEach((task, launch) -> {
            nanosOfKernel.merge(launch.name(), kernelNanos(task, log), Long::sum);
            launchesOfKernel.merge(launch.name(), 1, Integer::sum);
        });
    }

    /** The time of one task's kernel in a profiler's log, which is JSON, or 0 where the kernel did not run. */
    static long kernelNanos(String task, String log) {
        Matcher time = Pattern.compile("\"" + Pattern.quote(task) + "\"\\s*:[^}]*\"TASK_KERNEL_TIME\"\\s*:\\s*\"(\\d+)\"").matcher(log);
        return time.find() ? Long.parseLong(time.group(1)) : 0;
    }

    /** Time in which TornadoVM made source of kernels. */
    public double generateSeconds() {
        return generateNanos / 1e9;
    }

    /** Time in which the driver built it. */
    public double driverSeconds() {
        return driverNanos / 1e9;
    }

    public double copySeconds() {
        return copyNanos / 1e9;
    }

    public double kernelSeconds() {
        return nanosOfKernel.values().stream().mapToLong(Long::longValue).sum() / 1e9;
    }

    /** Seconds by the name of a kernel, with the number of launches that they took. */
    public Map<String, String> kernels() {
        Map<String, String> lines = new LinkedHashMap<>();
        nanosOfKernel.entrySet().stream().sorted(Map.Entry.<String, Long>comparingByValue().reversed()).forEach(e ->
                lines.put(e.getKey(), String.format(java.util.Locale.ROOT, "%.3f s in %d launches", e.getValue() / 1e9, launchesOfKernel.get(e.getKey()))));
        return lines;
    }
}
