package dev.wuneng.model.decoder;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.JvmExecutor;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.ModelException;
import dev.wuneng.model.SmallModel;
import dev.wuneng.model.decoder.Activations.Keep;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.model.parameter.Trainable;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds for every decoder: causality, packing, determinism, and that recomputing changes nothing. */
class DecoderTest {
    private static final int LENGTH = 21;

    @ParameterizedTest
    @ValueSource(strings = {"\"state_heads\": false", "\"state_heads\": true", "\"state_heads\": true, \"sliding_window\": 5",
        "\"state_heads\": true, \"middle_heads\": \"concat\", \"combine\": \"concat\""})
    void packedDocumentsGiveWhatTheyGiveAlone(String choice) {
        Parameters parameters = SmallModel.parameters(choice);
        int[] tokens = SmallModel.tokens(LENGTH);
        int[] segments = new int[LENGTH];
        int[] begins = {0, 1, 8, LENGTH};
        for (int i = 0; i < LENGTH; i++) {
            segments[i] = i < 1 ? 7 : i < 8 ? 3 : 4;
        }
        float[] packed = hidden(parameters, 1, tokens, segments);
        for (int s = 0; s + 1 < begins.length; s++) {
            float[] alone = hidden(parameters, 1, Arrays.copyOfRange(tokens, begins[s], begins[s + 1]), null);
            int d = parameters.config().hiddenSize();
            for (int i = 0; i < alone.length; i++) {
                assertEquals(alone[i], packed[begins[s] * d + i], 2e-5f, "segment " + s + ", element " + i);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aTokenChangesNothingBeforeIt(boolean stateHeads) {
        Parameters parameters = SmallModel.parameters("\"state_heads\": " + stateHeads);
        int d = parameters.config().hiddenSize();
        int[] tokens = SmallModel.tokens(LENGTH);
        float[] before = hidden(parameters, 1, tokens, null);
        tokens[11] = (tokens[11] + 1) % parameters.config().vocabSize();
        float[] after = hidden(parameters, 1, tokens, null);
        assertArrayEquals(Arrays.copyOf(before, 11 * d), Arrays.copyOf(after, 11 * d));
        assertTrue(!Arrays.equals(Arrays.copyOfRange(before, 11 * d, LENGTH * d), Arrays.copyOfRange(after, 11 * d, LENGTH * d)));
    }

    @Test
    void threadsAndRecomputingChangeNoBitOfAnyGradient() {
        float[] expected = gradients(1, Keep.ALL);
        assertTrue(gradientNorm(expected) > 0);
        assertArrayEquals(expected, gradients(2, Keep.ALL));
        assertArrayEquals(expected, gradients(3, Keep.ALL));
        assertArrayEquals(expected, gradients(2, Keep.INPUTS));
    }

    @Test
    void onlyWhatTrainsHasGradients() {
        ModelConfig config = SmallModel.config("\"state_heads\": true");
        Parameters parameters = new Parameters(config, new Trainable(List.of("model.layers.*.self_attn.state.*")));
        assertEquals(parameters.trainableCount(), parameters.ranges().stream().mapToLong(Parameters.Range::count).sum(), 16L * 200);
        assertThrows(IllegalArgumentException.class, () -> parameters.gradient("model.norm.weight"));
        int[] count = {0};
        parameters.forEachGradient((name, values) -> {
            assertTrue(name.contains(".self_attn.state."), name);
            count[0]++;
        });
        assertTrue(count[0] > 0);
    }

    @Test
    void tokensOutsideTheVocabularyAndTooLongRowsAreRefused() {
        Parameters parameters = SmallModel.parameters("\"state_heads\": false, \"max_position_embeddings\": 32");
        Batch batch = new Batch(parameters.config(), 1, 3);
        try (Executor executor = new JvmExecutor(1)) {
            ModelException outside = assertThrows(ModelException.class, () -> batch.set(new int[] {1, 64, 2}, null, executor));
            assertTrue(outside.getMessage().contains("token id 64 at row 0, position 1"), outside.getMessage());
        }
        ModelException tooLong = assertThrows(ModelException.class, () -> new Batch(parameters.config(), 1, 33));
        assertTrue(tooLong.getMessage().contains("max_position_embeddings (32)"), tooLong.getMessage());
    }

    private static double gradientNorm(float[] gradients) {
        double sum = 0;
        for (float g : gradients) {
            sum += (double) g * g;
        }
        return Math.sqrt(sum);
    }

    /** All gradients of a hybrid, from a random gradient of its hidden states. */
    private static float[] gradients(int threads, Keep keep) {
        Parameters parameters = SmallModel.parameters("\"state_heads\": true");
        Batch batch = new Batch(parameters.config(), 2, LENGTH);
        Decoder decoder = new Decoder(parameters, batch, keep);
        try (Executor executor = new JvmExecutor(threads)) {
            executor.prepare(decoder.programs());
            batch.set(SmallModel.tokens(2 * LENGTH), null, executor);
            decoder.forward(executor);
            Random random = new Random(5);
            for (int i = 0; i < decoder.hiddenGradient().buffer().size(); i++) {
                decoder.hiddenGradient().floats().set(i, (float) random.nextGaussian());
            }
            decoder.backward(executor);
        }
        float[] all = new float[(int) parameters.trainableCount()];
        int[] at = {0};
        parameters.forEachGradient((name, values) -> {
            float[] gradient = values.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
            System.arraycopy(gradient, 0, all, at[0], gradient.length);
            at[0] += gradient.length;
        });
        assertEquals(all.length, at[0]);
        return all;
    }

    private static float[] hidden(Parameters parameters, int sequences, int[] tokens, int[] segments) {
        Batch batch = new Batch(parameters.config(), sequences, tokens.length / sequences);
        Decoder decoder = new Decoder(parameters, batch, Keep.NOTHING);
        try (Executor executor = new JvmExecutor(2)) {
            executor.prepare(decoder.programs());
            batch.set(tokens, segments, executor);
            decoder.forward(executor);
        }
        return decoder.hidden().segment().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    }
}
