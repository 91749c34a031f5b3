package dev.wuneng.cli.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.JvmExecutor;
import dev.wuneng.model.checkpoint.Dtype;
import dev.wuneng.model.generate.Generator;
import dev.wuneng.model.generate.Sampling;
import dev.wuneng.model.parameter.Parameters;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class GenerationTest {
    private static final List<String> SMALL = List.of("vocab_size=64", "hidden_size=16", "num_hidden_layers=2", "num_attention_heads=2", "num_key_value_heads=1",
            "head_dim=16", "intermediate_size=48", "state_lora_rank=8");

    @Test
    void eachTokenIsTheLikeliestBehindThoseBefore() {
        Parameters parameters = parameters(Dtype.BF16);
        try (Executor executor = new JvmExecutor(1)) {
            Generation generation = new Generation(parameters, executor);
            generation.prompt(40);
            int[] first = generation.text();
            generation.prompt(40);
            int[] prompt = generation.text();
            assertFalse(Arrays.equals(first, prompt));
            for (int i = 0; i < 5; i++) {
                generation.token();
            }
            int[] tokens = new Generator(parameters, executor).generate(prompt, 64, 5, Sampling.GREEDY, 1, Set.of(), token -> { });
            assertArrayEquals(tokens, Arrays.copyOfRange(generation.text(), 40, 45));
        }
    }

    @Test
    void aTokenNeedsEveryWeightOnce() {
        // Embedding and final norm; two norms, q, k, v with biases, o, and the three of the MLP.
        long matrices = 64 * 16 + 2 * (2 * 32 * 16 + 2 * 16 * 16 + 3 * 48 * 16);
        long vectors = 16 + 2 * (2 * 16 + 32 + 2 * 16);
        assertEquals(2 * matrices + 4 * vectors, Generation.bytesPerToken(parameters(Dtype.BF16, "state_heads=false")));
        assertEquals(4 * (matrices + vectors), Generation.bytesPerToken(parameters(Dtype.F32, "state_heads=false")));
        // The head is a matrix of its own then, and of the embedding one row is needed.
        assertEquals(4 * (matrices + vectors), Generation.bytesPerToken(parameters(Dtype.F32, "state_heads=false", "tie_word_embeddings=false")));
    }

    @Test
    void matricesAreStoredAsInACheckpoint() {
        for (Dtype dtype : List.of(Dtype.F32, Dtype.BF16, Dtype.F16)) {
            Parameters parameters = parameters(dtype);
            assertEquals(dtype.stored(), parameters.view("model.layers.*.mlp.up_proj.weight").type());
            assertEquals(Buffer.Type.F32, parameters.view("model.layers.*.self_attn.state.w0").type());
        }
    }

    private static Parameters parameters(Dtype dtype, String... more) {
        List<String> settings = Stream.concat(SMALL.stream(), Stream.of(more)).toList();
        return Generation.parameters(ModelShape.read(Path.of("../bench/nano.json"), settings).config(), dtype);
    }
}
