package dev.wuneng.cli.bench;

import com.google.gson.JsonObject;
import dev.wuneng.cli.DeviceOption;
import dev.wuneng.cli.ProfileOption;
import dev.wuneng.kernels.run.DeviceInfo;
import dev.wuneng.kernels.run.Executor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code wuneng bench train}: steps of training on random tokens, forward, cross-entropy, backward and AdamW. */
@Command(name = "train", description = "Measures training steps: tokens per second, after a warm-up.")
final class BenchTrainCommand implements Callable<Integer> {
    private static final int WARM_UP = 3;
    private static final int LEAST_STEPS = 5;
    private static final double SECONDS = 20;

    @Mixin
    private DeviceOption device;

    @Mixin
    private ProfileOption profile;

    @Option(names = "--config", paramLabel = "FILE", required = true, description = "a model and its batch, such as bench/nano.json")
    private Path file;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "overrides the file: --set state_heads=false")
    private List<String> settings = List.of();

    @Option(names = "--threads", defaultValue = "0", description = "threads to use; 0, the default, is all processors")
    private int threads;

    @Option(names = "--json", description = "prints the result as JSON in the last line")
    private boolean json;

    @Override
    public Integer call() {
        ModelShape shape = ModelShape.read(file, settings);
        try (Executor executor = device.open(null, threads)) {
            profile.begin(executor);
            long begin = System.nanoTime();
            TrainingStep step = new TrainingStep(shape.config(), shape.rows(), shape.length(), executor);
            List<Double> rates = new ArrayList<>();
            double firstSeconds = 0;
            long end = Long.MAX_VALUE;
            for (int i = -WARM_UP; i < LEAST_STEPS || System.nanoTime() < end; i++) {
                if (i == 0) {
                    end = System.nanoTime() + (long) (SECONDS * 1e9);
                }
                long start = System.nanoTime();
                step.run();
                if (i == -WARM_UP) {
                    firstSeconds = (System.nanoTime() - begin) / 1e9;
                    System.out.printf(Locale.ROOT, "First step after %.1f s, with all that is compiled and allocated for it%n", firstSeconds);
                }
                if (i >= 0) {
                    rates.add(step.tokens() / ((System.nanoTime() - start) / 1e9));
                }
            }
            profile.print(executor);
            print(firstSeconds, ResidentMemory.most(), Spread.of(rates), rates.size(), step, shape, executor);
        }
        return 0;
    }

    private void print(double firstSeconds, long resident, Spread rate, int steps, TrainingStep step, ModelShape shape, Executor executor) {
        System.out.println(rate + " tokens/s over " + steps + " steps of " + shape.rows() + " × " + shape.length() + " tokens");
        System.out.printf(Locale.ROOT, "First step %.1f times a later one%n", firstSeconds * rate.median() / step.tokens());
        System.out.print("Memory: " + DeviceInfo.inWords(step.plannedBytes()) + " planned");
        System.out.println(resident < 0 ? "" : String.format(Locale.ROOT, ", the process at most %s, %.2f times that", DeviceInfo.inWords(resident),
                (double) resident / step.plannedBytes()));
        if (json) {
            JsonObject result = new JsonObject();
            result.addProperty("first_step_seconds", firstSeconds);
            result.addProperty("planned_bytes", step.plannedBytes());
            result.addProperty("resident_bytes", resident);
            result.add("tokens_per_second", rate.json());
            result.addProperty("steps", steps);
            result.addProperty("tokens_per_step", step.tokens());
            result.addProperty("parameters", step.parameters().count(false));
            result.addProperty("state_heads", shape.config().stateHeads());
            result.addProperty("device", executor.device());
            System.out.println(result);
        }
    }
}
