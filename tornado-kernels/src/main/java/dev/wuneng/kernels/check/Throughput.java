package dev.wuneng.kernels.check;

import dev.wuneng.kernels.check.OpCase.Tensor;
import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.Program;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;

/**
 * How fast a device runs a kernel, at a shape large enough to keep it busy: the fastest of many launches, with all that is around one.
 *
 * @param rate the speed, in {@code unit} a second: GFLOP of the kernels that multiply, GB read and written once of the others
 */
public record Throughput(String kernel, String shape, double milliseconds, double rate, String unit) {
    private static final int LEAST_RUNS = 5;
    private static final double SECONDS = 0.5;

    /** A case at a large shape, and the floating point operations of those of its launches that are measured by them. */
    private record Sample(OpCase of, Map<String, Double> operations) {
        static Sample of(OpCase of, Object... operations) {
            Map<String, Double> byName = new LinkedHashMap<>();
            for (int i = 0; i < operations.length; i += 2) {
                byName.put((String) operations[i], (Double) operations[i + 1]);
            }
            return new Sample(of, byName);
        }
    }

    private static List<Sample> samples() {
        int size = 512;
        double product = 2.0 * size * size * size;
        int heads = 4;
        double pairs = (double) heads * size * size / 2;
        double states = 2.0 * 256 * heads * 64 * 64;
        return List.of(
                Sample.of(LinearCases.linear(false, size, size, size, Buffer.Type.F32), "linear.forward", product, "linear.forward_bias", product,
                        "linear.backward_input", product, "linear.backward_weight", product),
                Sample.of(AttentionCases.attention(1, size, heads, 2, 64, 0, size), "attention.forward", pairs * 4 * 64,
                        "attention.backward_query", pairs * 6 * 64, "attention.backward_key_value", pairs * 8 * 64),
                Sample.of(ScanCases.scan(2, 256, 256, heads, 64), "state_scan.forward", states * 8),
                Sample.of(StateCases.streams(4, 256, 256, heads, 64)),
                Sample.of(ShiftCases.shift(4, 256, 256, heads, 2, 64, false)),
                Sample.of(NormCases.rmsNorm(2048, 256, 1, true)),
                Sample.of(NormCases.columnSum(2048, 256)),
                Sample.of(ElementwiseCases.swiGlu(1 << 20)),
                Sample.of(LossCases.crossEntropy(256, 4096, 4096, 1)),
                Sample.of(OptimizerCases.adamW(1 << 20, 0.1f)));
    }

    /** Measures the kernels whose case or own name contains a text. */
    public static void measure(Executor executor, String containing, Consumer<Throughput> found) {
        for (Sample sample : samples()) {
            Map<String, List<Launch>> launches = new LinkedHashMap<>();
            for (List<Launch> pass : List.of(sample.of.forward, sample.of.backward)) {
                for (int i = 0; i < pass.size(); i += pass.get(i).together().size()) {
                    launches.putIfAbsent(pass.get(i).name(), pass.get(i).together());
                }
            }
            if (!sample.of.name.contains(containing)) {
                launches.keySet().removeIf(name -> !name.contains(containing));
            }
            if (!launches.isEmpty()) {
                measure(executor, sample, List.copyOf(launches.values()), found);
            }
        }
    }

    /** @param launches each alone, but for those that follow each other everywhere, which are measured as one and named after the first */
    private static void measure(Executor executor, Sample sample, List<List<Launch>> launches, Consumer<Throughput> found) {
        List<Program> programs = new ArrayList<>(launches.stream().map(l -> new Program(l.getFirst().name(), l)).toList());
        Program forward = new Program("forward", sample.of.forward);
        programs.add(forward);
        sample.of.tensors.forEach(t -> fill(t, sample.of.backward.isEmpty()));
        executor.prepare(programs);
        executor.run(forward, 0);
        for (int i = 0; i < launches.size(); i++) {
            double seconds = seconds(executor, programs.get(i));
            String name = programs.get(i).name();
            Double operations = sample.operations.get(name);
            double amount = operations != null ? operations : programs.get(i).buffers().stream().mapToLong(Buffer::bytes).sum();
            found.accept(new Throughput(name, sample.of.shape, seconds * 1e3, amount / seconds / 1e9, operations != null ? "GFLOP/s" : "GB/s"));
        }
    }

    /** The fastest of many runs, since whatever else the machine does only makes one slower. */
    private static double seconds(Executor executor, Program program) {
        double fastest = Double.POSITIVE_INFINITY;
        double sum = 0;
        for (int runs = 0; runs < LEAST_RUNS || sum < SECONDS; runs++) {
            long start = System.nanoTime();
            executor.run(program, 0);
            double seconds = (System.nanoTime() - start) / 1e9;
            sum += seconds;
            fastest = Math.min(fastest, seconds);
        }
        return fastest;
    }

    private static void fill(Tensor tensor, boolean forwardOnly) {
        Random random = new Random(1);
        for (int i = 0; i < tensor.size; i++) {
            if (tensor.ints != null) {
                tensor.buffer.ints().set(OpCase.GUARD + i, tensor.ints[i]);
            } else {
                tensor.buffer.set(OpCase.GUARD + i, (float) tensor.filling.of(i, random.nextGaussian()));
                if (!forwardOnly) {
                    tensor.gradient.floats().set(OpCase.GUARD + i, (float) random.nextGaussian());
                }
            }
        }
    }

    /** One row a kernel, one column a device, and beside each other device how it compares with the first. */
    static String table(Map<String, List<Throughput>> byDevice) {
        List<String> devices = List.copyOf(byDevice.keySet());
        Map<String, Throughput[]> rows = new LinkedHashMap<>();
        for (int d = 0; d < devices.size(); d++) {
            for (Throughput one : byDevice.get(devices.get(d))) {
                rows.computeIfAbsent(one.kernel, k -> new Throughput[devices.size()])[d] = one;
            }
        }
        StringBuilder table = new StringBuilder(String.format("%-30s", "kernel"));
        devices.forEach(d -> table.append(String.format("  %18s", d)));
        table.append(System.lineSeparator());
        rows.forEach((kernel, row) -> {
            table.append(String.format("%-30s", kernel));
            Arrays.stream(row).forEach(one -> table.append(one == null ? String.format("  %18s", "-")
                    : String.format(java.util.Locale.ROOT, "  %10.2f %-7s", one.rate, one.unit)));
            Throughput first = Arrays.stream(row).filter(one -> one != null).findFirst().orElseThrow();
            table.append("  ").append(first.shape).append(System.lineSeparator());
        });
        return table.toString();
    }
}
