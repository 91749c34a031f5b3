package dev.wuneng.cli.bench;

import com.google.gson.JsonObject;
import dev.wuneng.cli.DeviceOption;
import dev.wuneng.cli.ProfileOption;
import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.DeviceInfo;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.model.checkpoint.Dtype;
import dev.wuneng.model.parameter.Parameters;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code wuneng bench generate}: prompts up to their first new token, and tokens one by one, which are as fast as a machine reads the weights at best. */
@Command(name = "generate", description = "Measures generation: time to the first token, and tokens per second one by one.")
final class BenchGenerateCommand implements Callable<Integer> {
    private static final List<Integer> PROMPTS = List.of(8, 31, 128, 512);
    private static final int BEHIND = 128;
    private static final int TOKENS = 64;
    private static final int LEAST_ROUNDS = 3;
    private static final double WARM_UP_SECONDS = 2;
    private static final double SECONDS = 4;
    /** Bytes that are read to see how fast this machine reads: more than a cache holds. */
    private static final int READ = 256 << 20;

    private enum Stored {
        FLOAT32(Dtype.F32), BFLOAT16(Dtype.BF16), FLOAT16(Dtype.F16);

        final Dtype dtype;

        Stored(Dtype dtype) {
            this.dtype = dtype;
        }
    }

    @Mixin
    private DeviceOption device;

    @Mixin
    private ProfileOption profile;

    @Option(names = "--config", paramLabel = "FILE", required = true, description = "a model, such as bench/qwen2.5-0.5b.json")
    private Path file;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "overrides the file: --set state_heads=false")
    private List<String> settings = List.of();

    @Option(names = "--dtype", paramLabel = "TYPE", defaultValue = "bfloat16",
            description = "what matrices are stored in: float32, float16 or bfloat16, which is the default and what most checkpoints are in")
    private Stored stored;

    @Option(names = "--threads", defaultValue = "0", description = "threads to use; 0, the default, is all processors")
    private int threads;

    @Option(names = "--json", description = "prints the result as JSON in the last line")
    private boolean json;

    private final JsonObject result = new JsonObject();

    @Override
    public Integer call() {
        ModelShape shape = ModelShape.read(file, settings);
        try (Executor executor = device.open(null, threads)) {
            Parameters parameters = Generation.parameters(shape.config(), stored.dtype);
            profile.begin(executor);
            long begin = System.nanoTime();
            Generation generation = new Generation(parameters, executor);
            generation.prompt(BEHIND);
            double first = (System.nanoTime() - begin) / 1e9;
            System.out.printf(Locale.ROOT, "First token of all after %.2f s, behind a prompt of %d, with all that is compiled and allocated for it%n", first,
                    BEHIND);
            result.addProperty("first_seconds", first);
            prompts(generation);
            Spread token = tokens(generation);
            profile.print(executor);
            memory(parameters);
            // Behind all else: what it reads is no memory of generation, and its program takes the place of generation's on a device.
            reading(Generation.bytesPerToken(parameters) / token.median(), executor);
            if (json) {
                result.addProperty("parameters", parameters.count(false));
                result.addProperty("dtype", stored.dtype.torchName());
                result.addProperty("state_heads", shape.config().stateHeads());
                result.addProperty("device", executor.device());
                System.out.println(result);
            }
        }
        return 0;
    }

    private void prompts(Generation generation) {
        JsonObject all = new JsonObject();
        for (int length : PROMPTS) {
            Runnable prompt = () -> generation.prompt(length);
            Spread.ofSeconds(prompt, WARM_UP_SECONDS);
            Spread seconds = Spread.ofSeconds(prompt, SECONDS);
            System.out.printf(Locale.ROOT, "Prompt of %d: first token after %.1f ms, %s tokens/s%n", length, 1000 * seconds.median(), seconds.rate(length));
            all.add(Integer.toString(length), seconds.json());
        }
        result.add("prompt_seconds", all);
    }

    private Spread tokens(Generation generation) {
        List<Double> seconds = new ArrayList<>();
        long end = System.nanoTime() + (long) (SECONDS * 1e9);
        while (seconds.size() < LEAST_ROUNDS || System.nanoTime() < end) {
            generation.prompt(BEHIND);
            long start = System.nanoTime();
            for (int i = 0; i < TOKENS; i++) {
                generation.token();
            }
            seconds.add((System.nanoTime() - start) / 1e9 / TOKENS);
        }
        Spread token = Spread.of(seconds);
        System.out.printf(Locale.ROOT, "One by one behind %d: %.2f ms a token, %s tokens/s%n", BEHIND, 1000 * token.median(), token.rate(1));
        result.add("token_seconds", token.json());
        return token;
    }

    private void memory(Parameters parameters) {
        long planned = parameters.buffers().stream().mapToLong(Buffer::bytes).sum();
        long resident = ResidentMemory.most();
        System.out.println("Memory: " + DeviceInfo.inWords(planned) + " of parameters"
                + (resident < 0 ? "" : ", the process at most " + DeviceInfo.inWords(resident)));
        result.addProperty("planned_bytes", planned);
        result.addProperty("resident_bytes", resident);
    }

    /** Every token needs all weights, so a machine whose caches do not hold them generates as fast as it reads. */
    private void reading(double weights, Executor executor) {
        double device = READ / Spread.ofSeconds(Works.read(READ / Float.BYTES, executor), SECONDS / 2).median();
        System.out.printf(Locale.ROOT, "Weights read one by one: %.1f GB/s, and this device reads %.1f GB/s from memory%n", weights / 1e9, device / 1e9);
        result.addProperty("weight_bytes_per_second", weights);
        result.addProperty("device_bytes_per_second", device);
    }
}
