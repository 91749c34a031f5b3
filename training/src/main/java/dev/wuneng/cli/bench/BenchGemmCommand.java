package dev.wuneng.cli.bench;

import com.google.gson.JsonObject;
import dev.wuneng.cli.DeviceOption;
import dev.wuneng.kernels.op.Linear;
import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.training.config.ConfigException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code wuneng bench gemm}: square matrix products as a linear layer computes them, y = x Wᵀ. */
@Command(name = "gemm", description = "Measures square matrix products in float32: GFLOP/s a size, after a warm-up.")
final class BenchGemmCommand implements Callable<Integer> {
    private static final int LARGEST = 16384;
    private static final double WARM_UP_SECONDS = 1;
    private static final double SECONDS = 2;
    private static final int LEAST_RUNS = 5;

    @Mixin
    private DeviceOption device;

    @Option(names = "--sizes", split = ",", required = true, paramLabel = "N", description = "rows and columns: --sizes 512,1024")
    private List<Integer> sizes;

    @Option(names = "--threads", defaultValue = "0", description = "threads to use; 0, the default, is all processors")
    private int threads;

    @Option(names = "--json", description = "prints the result as JSON in the last line")
    private boolean json;

    @Override
    public Integer call() {
        sizes.stream().filter(n -> n < 1 || n > LARGEST).findFirst().ifPresent(n -> {
            throw new ConfigException("--sizes: " + n + " is no size to measure: give 1 to " + LARGEST);
        });
        try (Executor executor = device.open(null, threads)) {
            JsonObject gflops = new JsonObject();
            for (int n : sizes) {
                Spread spread = measure(n, executor);
                System.out.println(n + " × " + n + ": " + spread + " GFLOP/s");
                gflops.add(Integer.toString(n), spread.json());
            }
            if (json) {
                JsonObject result = new JsonObject();
                result.add("gflops", gflops);
                result.addProperty("device", executor.device());
                System.out.println(result);
            }
        }
        return 0;
    }

    private static Spread measure(int n, Executor executor) {
        Buffer x = random("x", n, executor);
        Buffer w = random("w", n, executor);
        Buffer y = Buffer.floats("y", (long) n * n);
        Program program = new Program.Builder().add(Linear.forward(x.view(), w.view(), y.view(), n, n, n)).build("bench.gemm");
        run(program, n, WARM_UP_SECONDS, executor);
        return Spread.of(run(program, n, SECONDS, executor));
    }

    private static List<Double> run(Program program, int n, double seconds, Executor executor) {
        List<Double> rates = new ArrayList<>();
        long end = System.nanoTime() + (long) (seconds * 1e9);
        while (rates.size() < LEAST_RUNS || System.nanoTime() < end) {
            long start = System.nanoTime();
            executor.run(program, 0);
            rates.add(2.0 * n * n * n / (System.nanoTime() - start));
        }
        return rates;
    }

    private static Buffer random(String name, int n, Executor executor) {
        Buffer buffer = Buffer.floats(name, (long) n * n);
        Random random = new Random(name.hashCode());
        for (int i = 0; i < buffer.size(); i++) {
            buffer.floats().set(i, random.nextFloat() - 0.5f);
        }
        executor.upload(buffer);
        return buffer;
    }
}
