package dev.wuneng.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code wuneng conformance}: the kernels' own program, which also runs without the rest of WuNeng. */
@Command(name = "conformance", description = {"Tests devices and their drivers: every kernel, forward and backward, against float64.",
    "Exits with 0 if all is right, 1 if a case failed, 2 if it could not begin."})
final class ConformanceCommand implements Callable<Integer> {
    @Option(names = "--device", paramLabel = "DEVICE|all", description = "what to test; all, unless given")
    private String device;

    @Option(names = "--kernel", paramLabel = "TEXT", description = "only kernels whose name contains this")
    private String kernel;

    @Option(names = "--seed", paramLabel = "N", description = "what inputs are drawn with")
    private Long seed;

    @Option(names = "--speed", paramLabel = "yes|no", description = "whether to measure throughput; yes, unless given")
    private String speed;

    @Option(names = "--profile", paramLabel = "yes|no", description = "whether to say how long compiling, copying and the kernels of the cases took; no, unless given")
    private String profile;

    @Option(names = "--json", paramLabel = "FILE", description = "writes everything found, for programs")
    private String json;

    @Option(names = "--junit", paramLabel = "FILE", description = "writes the same as JUnit's XML")
    private String junit;

    @Option(names = "--reproduce", paramLabel = "CASE", description = "runs the one case whose kernel and shape contain this, and writes it down")
    private String reproduce;

    @Option(names = "--out", paramLabel = "FILE", description = "where --reproduce writes")
    private String out;

    @Override
    public Integer call() {
        List<String> arguments = new ArrayList<>();
        add(arguments, "--device", device);
        add(arguments, "--kernel", kernel);
        add(arguments, "--seed", seed);
        add(arguments, "--speed", speed);
        add(arguments, "--profile", profile);
        add(arguments, "--json", json);
        add(arguments, "--junit", junit);
        add(arguments, "--reproduce", reproduce);
        add(arguments, "--out", out);
        return dev.wuneng.kernels.cli.ConformanceCommand.run(arguments.toArray(String[]::new), System.out);
    }

    private static void add(List<String> arguments, String option, Object value) {
        if (value != null) {
            arguments.add(option);
            arguments.add(value.toString());
        }
    }
}
