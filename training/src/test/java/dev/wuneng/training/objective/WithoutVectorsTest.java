package dev.wuneng.training.objective;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonParser;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.JvmExecutor;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.decoder.Activations.Keep;
import dev.wuneng.model.decoder.Batch;
import dev.wuneng.model.decoder.Decoder;
import dev.wuneng.model.parameter.Initialization;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.model.parameter.Trainable;
import dev.wuneng.training.Optimizer;
import dev.wuneng.training.TokenArrays;
import dev.wuneng.training.StepTotals;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A JVM that was started without the Vector API's module trains a hybrid model, to the bit as the plain kernels do here. */
class WithoutVectorsTest {
    @Test
    void trains() throws Exception {
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-Xmx1g",
                "-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                WithoutVectorsTest.class.getName()).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        try (Executor plain = JvmExecutor.plain(1)) {
            assertEquals(bits(plain), output.lines().toList().getLast());
        }
    }

    public static void main(String[] args) {
        try (Executor executor = new JvmExecutor(1)) {
            System.out.println(bits(executor));
        }
    }

    /** The parameters after two steps of training. */
    private static String bits(Executor executor) {
        ModelConfig config = ModelConfig.of(JsonParser.parseString("""
                {"vocab_size": 64, "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3, "num_key_value_heads": 1, "head_dim": 8,
                 "intermediate_size": 40, "state_lora_rank": 4, "state_heads": true, "tie_word_embeddings": true}""").getAsJsonObject());
        Parameters parameters = new Parameters(config, Trainable.ALL);
        Initialization.all(parameters, 1);
        NextToken objective = new NextToken(new Decoder(parameters, new Batch(config, 2, 9), Keep.ALL));
        Optimizer optimizer = new Optimizer(parameters, Optimizer.Settings.PUBLISHED);
        int[] mask = new int[18];
        Arrays.fill(mask, 1);
        TokenArrays batch = new TokenArrays(IntStream.range(0, 18).toArray(), IntStream.range(1, 19).toArray(), new int[18], mask);
        for (int step = 0; step < 2; step++) {
            optimizer.zeroGradients(executor);
            objective.accumulate(batch, StepTotals.of(List.of(batch)), executor);
            optimizer.step(1e-3, executor);
        }
        int hash = 0;
        for (var buffer : parameters.buffers()) {
            for (int i = 0; i < buffer.size(); i++) {
                hash = 31 * hash + Float.floatToIntBits(buffer.floats().get(i));
            }
        }
        return "parameters " + hash;
    }
}
