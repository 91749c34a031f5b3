package dev.wuneng.kernels.check;

import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.KernelException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/** Runs every case on devices and says, kernel by kernel, how far each is from float64. */
public final class Conformance {
    private final long seed;
    private final List<CaseReport> reports = new ArrayList<>();
    private final Map<String, List<Throughput>> speeds = new LinkedHashMap<>();

    public Conformance(long seed) {
        this.seed = seed;
    }

    /**
     * Runs cases on a device. One that fails does not keep the others from running.
     *
     * @param progress is told of each case that is done
     */
    public void run(String device, Executor executor, List<OpCase> cases, Consumer<CaseReport> progress) {
        for (OpCase of : cases) {
            CaseReport report = check(device, executor, of);
            reports.add(report);
            progress.accept(report);
        }
    }

    /** Measures how fast a device runs kernels whose name contains a text. */
    public void measure(String device, Executor executor, String containing) {
        List<Throughput> measured = new ArrayList<>();
        Throughput.measure(executor, containing, measured::add);
        speeds.put(device, measured);
    }

    private CaseReport check(String device, Executor executor, OpCase of) {
        long start = System.nanoTime();
        try {
            List<OpCheck.Result> results = OpCheck.run(of, executor, seed);
            return new CaseReport(device, of.name(), of.shape(), results, null, (System.nanoTime() - start) / 1e9);
        } catch (KernelException e) {
            return new CaseReport(device, of.name(), of.shape(), List.of(), e.getMessage(), (System.nanoTime() - start) / 1e9);
        }
    }

    public List<CaseReport> reports() {
        return reports;
    }

    /** What was measured, by device. */
    public Map<String, List<Throughput>> speeds() {
        return speeds;
    }

    public boolean passed() {
        return !reports.isEmpty() && reports.stream().allMatch(CaseReport::passed);
    }

    public long seed() {
        return seed;
    }

    /** A line for each kernel and device, what failed, and the tolerances with their reasons. */
    public String table() {
        Map<String, List<CaseReport>> rows = new LinkedHashMap<>();
        for (CaseReport report : reports) {
            rows.computeIfAbsent(report.kernel() + "\n" + report.device(), row -> new ArrayList<>()).add(report);
        }
        List<String> order = new ArrayList<>(reports.stream().map(CaseReport::kernel).distinct().toList());
        List<List<CaseReport>> sorted = new ArrayList<>(rows.values());
        sorted.sort((a, b) -> Integer.compare(order.indexOf(a.getFirst().kernel()), order.indexOf(b.getFirst().kernel())));
        int wide = reports.stream().mapToInt(r -> r.kernel().length()).max().orElse(6);
        int deviceWide = reports.stream().mapToInt(r -> r.device().length()).max().orElse(6);
        String format = "%-" + wide + "s  %-" + Math.max(6, deviceWide) + "s  %5s  %-10s  %-10s  %s%n";
        StringBuilder table = new StringBuilder(String.format(Locale.ROOT, format, "kernel", "device", "cases", "values", "gradients", "verdict"));
        for (List<CaseReport> row : sorted) {
            long failed = row.stream().filter(r -> !r.passed()).count();
            table.append(String.format(Locale.ROOT, format, row.getFirst().kernel(), row.getFirst().device(), row.size(),
                    worst(row, Tolerance.FORWARD), worst(row, Tolerance.GRADIENT), failed == 0 ? "ok" : "FAIL " + failed));
        }
        for (CaseReport report : reports) {
            if (!report.passed()) {
                table.append(String.format(Locale.ROOT, "FAIL %s %s %s: %s%n", report.device(), report.kernel(), report.shape(), report.problems()));
            }
        }
        table.append(String.format(Locale.ROOT, "Worst relative errors; values within %s (%s), gradients within %s (%s).%n",
                Text.number(Tolerance.FORWARD.relative()), Tolerance.FORWARD.reason(),
                Text.number(Tolerance.GRADIENT.relative()), Tolerance.GRADIENT.reason()));
        long failed = reports.stream().filter(r -> !r.passed()).count();
        return table.append(reports.isEmpty() ? "No case was run." : failed == 0 ? "All " + reports.size() + " cases passed."
                : failed + " of " + reports.size() + " cases failed.").append(System.lineSeparator()).toString();
    }

    /** A line for each kernel that was measured, with a column for each device. */
    public String speedTable() {
        return speeds.values().stream().allMatch(List::isEmpty) ? "" : Throughput.table(speeds);
    }

    private static String worst(List<CaseReport> row, Tolerance tolerance) {
        return Text.number(row.stream().mapToDouble(r -> r.worst(tolerance)).filter(e -> !Double.isNaN(e)).max().orElse(Double.NaN));
    }
}
