package dev.wuneng.kernels.cli;

import dev.wuneng.kernels.check.CaseReport;
import dev.wuneng.kernels.check.Conformance;
import dev.wuneng.kernels.check.ConformanceFiles;
import dev.wuneng.kernels.check.OpCase;
import dev.wuneng.kernels.check.OpCases;
import dev.wuneng.kernels.check.Reproduction;
import dev.wuneng.kernels.run.DeviceInfo;
import dev.wuneng.kernels.run.Devices;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.KernelException;
import dev.wuneng.kernels.run.TornadoSdk;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Tests devices and their drivers: every kernel, forward and backward, against float64. It needs nothing but this module.
 *
 * <pre>
 *   --device NAME|all   what to test (all)
 *   --kernel TEXT       only kernels whose name contains this
 *   --seed N            what inputs are drawn with (42)
 *   --speed yes|no      whether to measure throughput (yes)
 *   --profile yes|no    whether to say how long compiling, copying and the kernels of the cases took (no)
 *   --json FILE         everything found, for programs
 *   --junit FILE        the same as JUnit's XML
 *   --reproduce CASE    runs the one case whose kernel and shape contain this, and writes it down
 *   --out FILE          where to (reproduction.json)
 * </pre>
 *
 * <p>Exits with 0 if all is right, 1 if a case failed, 2 if it could not begin.
 */
public final class ConformanceCommand {
    private static final List<String> OPTIONS = List.of("device", "kernel", "seed", "speed", "profile", "json", "junit", "reproduce", "out");

    private final Map<String, String> options;
    private final PrintStream out;

    private ConformanceCommand(Map<String, String> options, PrintStream out) {
        this.options = options;
        this.out = out;
    }

    public static void main(String[] arguments) {
        System.exit(run(arguments, System.out));
    }

    /** Runs with the arguments of a command line. */
    public static int run(String[] arguments, PrintStream out) {
        try {
            return new ConformanceCommand(parse(arguments), out).run();
        } catch (KernelException | IOException e) {
            out.println(e.getMessage());
            return 2;
        }
    }

    private static Map<String, String> parse(String[] arguments) {
        Map<String, String> options = new LinkedHashMap<>();
        for (int i = 0; i < arguments.length; i++) {
            String[] parts = arguments[i].split("=", 2);
            if (!parts[0].startsWith("--") || !OPTIONS.contains(parts[0].substring(2))) {
                throw new KernelException(arguments[i] + " is not an option; there are --" + String.join(", --", OPTIONS));
            }
            if (parts.length == 1 && i + 1 == arguments.length) {
                throw new KernelException(arguments[i] + " needs a value");
            }
            options.put(parts[0].substring(2), parts.length == 2 ? parts[1] : arguments[++i]);
        }
        return options;
    }

    private int run() throws IOException {
        long seed = seed();
        String device = options.getOrDefault("device", "all");
        if (options.containsKey("reproduce")) {
            return reproduce(device.equals("all") ? Devices.AUTO : device, seed);
        }
        List<OpCase> cases = OpCases.all().stream().filter(c -> c.name().contains(options.getOrDefault("kernel", ""))).toList();
        if (cases.isEmpty()) {
            throw new KernelException("no kernel's name contains " + options.get("kernel") + "; there are "
                    + String.join(", ", OpCases.all().stream().map(OpCase::name).distinct().toList()));
        }
        Conformance run = new Conformance(seed);
        Map<String, String> described = new LinkedHashMap<>();
        boolean measures = said("speed", "yes");
        boolean profiles = said("profile", "no");
        for (String name : device.equals("all") ? Devices.list().stream().map(DeviceInfo::id).toList() : List.of(device)) {
            try (Executor executor = Devices.open(name)) {
                described.put(name, executor.device());
                out.println("Device: " + executor.device());
                executor.profile().countEveryRun(profiles);
                run.run(name, executor, cases, this::print);
                executor.profile().countEveryRun(false);
                if (profiles) {
                    out.print(executor.profile().table());
                }
                if (measures) {
                    run.measure(name, executor, options.getOrDefault("kernel", ""));
                }
            }
        }
        out.println();
        out.print(run.table());
        out.print(run.speedTable());
        write("json", ConformanceFiles.json(run, described));
        write("junit", ConformanceFiles.junit(run));
        return run.passed() ? 0 : 1;
    }

    private boolean said(String option, String otherwise) {
        String answer = options.getOrDefault(option, otherwise);
        if (!answer.equals("yes") && !answer.equals("no")) {
            throw new KernelException("--" + option + " is yes or no, not " + answer);
        }
        return answer.equals("yes");
    }

    private long seed() {
        try {
            return Long.parseLong(options.getOrDefault("seed", "42"));
        } catch (NumberFormatException e) {
            throw new KernelException("--seed " + options.get("seed") + " is not a whole number", e);
        }
    }

    private void print(CaseReport report) {
        out.println(String.format(Locale.ROOT, "  %-4s %s %s  %.1f s%s", report.passed() ? "ok" : "FAIL", report.kernel(), report.shape(), report.seconds(),
                report.passed() ? "" : "  " + report.problems()));
    }

    private void write(String option, String contents) throws IOException {
        if (options.containsKey(option)) {
            Files.writeString(Path.of(options.get(option)), contents);
        }
    }

    private int reproduce(String device, long seed) throws IOException {
        List<OpCase> cases = OpCases.all().stream().filter(c -> c.toString().contains(options.get("reproduce"))).toList();
        if (cases.size() != 1) {
            throw new KernelException(cases.isEmpty() ? "there is no case " + options.get("reproduce") : cases.size() + " cases contain "
                    + options.get("reproduce") + ", the first two of them " + cases.get(0) + " and " + cases.get(1) + ": say more of the one that is meant");
        }
        Path sources = Files.createTempFile("kernels", ".txt");
        TornadoSdk.writeSources(sources);
        try (Executor executor = Devices.open(device)) {
            out.println("Device: " + executor.device());
            Reproduction reproduction = Reproduction.run(cases.getFirst(), executor, seed);
            print(reproduction.report(device));
            Path file = Path.of(options.getOrDefault("out", "reproduction.json"));
            Files.writeString(file, reproduction.json(executor.device(), seed, Files.readString(sources)));
            out.println("Written to " + file);
            return reproduction.report(device).passed() ? 0 : 1;
        } finally {
            Files.delete(sources);
        }
    }
}
