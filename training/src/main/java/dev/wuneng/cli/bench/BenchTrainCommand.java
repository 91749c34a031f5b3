package dev.wuneng.cli.bench;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.wuneng.cli.DeviceOption;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.ModelException;
import dev.wuneng.model.decoder.Activations.Keep;
import dev.wuneng.model.decoder.Batch;
import dev.wuneng.model.decoder.Decoder;
import dev.wuneng.model.parameter.Initialization;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.model.parameter.Trainable;
import dev.wuneng.training.Optimizer;
import dev.wuneng.training.Sequences;
import dev.wuneng.training.StepTotals;
import dev.wuneng.training.config.ConfigException;
import dev.wuneng.training.config.RunConfigs;
import dev.wuneng.training.config.Schema;
import dev.wuneng.training.objective.NextToken;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code wuneng bench train}: steps of training on random tokens, forward, cross-entropy, backward and AdamW. */
@Command(name = "train", description = "Measures training steps: tokens per second, after a warm-up.")
final class BenchTrainCommand implements Callable<Integer> {
    /** What stands in the file beside the fields of a model's config.json. */
    private record Shape(int rows, int length) {
    }

    private static final Schema SCHEMA = new Schema().add("", ModelConfig.class).add("", Shape.class);
    private static final int WARM_UP = 3;
    private static final int LEAST_STEPS = 5;
    private static final double SECONDS = 20;

    @Mixin
    private DeviceOption device;

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
        JsonObject given = RunConfigs.object(file);
        SCHEMA.check(given, file.toString());
        RunConfigs.set(given, settings, SCHEMA);
        Shape shape = new Shape(size(given, "rows"), size(given, "length"));
        ModelConfig config = config(given);
        try (Executor executor = device.open(null, threads)) {
            Parameters parameters = new Parameters(config, Trainable.ALL);
            Initialization.all(parameters, 1);
            parameters.buffers().forEach(executor::upload);
            NextToken objective = new NextToken(new Decoder(parameters, new Batch(config, shape.rows, shape.length), Keep.ALL));
            Optimizer optimizer = new Optimizer(parameters, Optimizer.Settings.PUBLISHED);
            List<Program> programs = new ArrayList<>(objective.programs());
            programs.addAll(optimizer.programs());
            executor.prepare(programs);
            Sequences batch = randomTokens(config.vocabSize(), shape);
            List<Double> rates = new ArrayList<>();
            long end = Long.MAX_VALUE;
            for (int i = -WARM_UP; i < LEAST_STEPS || System.nanoTime() < end; i++) {
                if (i == 0) {
                    end = System.nanoTime() + (long) (SECONDS * 1e9);
                }
                long start = System.nanoTime();
                optimizer.zeroGradients(executor);
                objective.accumulate(batch, StepTotals.of(List.of(batch)), executor);
                optimizer.step(1e-4, executor);
                if (i >= 0) {
                    rates.add(batch.tokens().length / ((System.nanoTime() - start) / 1e9));
                }
            }
            print(Spread.of(rates), rates.size(), parameters, shape, executor);
        }
        return 0;
    }

    private void print(Spread rate, int steps, Parameters parameters, Shape shape, Executor executor) {
        System.out.println(rate + " tokens/s over " + steps + " steps of " + shape.rows + " × " + shape.length + " tokens");
        if (json) {
            JsonObject result = new JsonObject();
            result.add("tokens_per_second", rate.json());
            result.addProperty("steps", steps);
            result.addProperty("tokens_per_step", shape.rows * shape.length);
            result.addProperty("parameters", parameters.count(false));
            result.addProperty("state_heads", parameters.config().stateHeads());
            result.addProperty("device", executor.device());
            System.out.println(result);
        }
    }

    private static Sequences randomTokens(int vocabulary, Shape shape) {
        int size = shape.rows * shape.length;
        Random random = new Random(1);
        int[] mask = new int[size];
        Arrays.fill(mask, 1);
        return new Sequences(random.ints(size, 0, vocabulary).toArray(), random.ints(size, 0, vocabulary).toArray(), new int[size], mask);
    }

    private ModelConfig config(JsonObject json) {
        try {
            return ModelConfig.of(json);
        } catch (ModelException e) {
            throw new ConfigException(file + ": " + e.getMessage(), e);
        }
    }

    private int size(JsonObject json, String key) {
        JsonElement value = json.remove(key);
        if (value == null || value.getAsInt() < 1) {
            throw new ConfigException(file + ": " + key + " is " + (value == null ? "missing" : value) + ", and must be 1 or more");
        }
        return value.getAsInt();
    }
}
