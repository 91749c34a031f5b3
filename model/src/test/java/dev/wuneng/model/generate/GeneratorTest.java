package dev.wuneng.model.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.JvmExecutor;
import dev.wuneng.kernels.run.KernelException;
import dev.wuneng.kernels.run.Profile;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.model.ModelException;
import dev.wuneng.model.SmallModel;
import dev.wuneng.model.decoder.Activations.Keep;
import dev.wuneng.model.decoder.Batch;
import dev.wuneng.model.decoder.Decoder;
import dev.wuneng.model.parameter.Parameters;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Token by token, with what is known of the text before, a model says what it says of the whole text at once. */
class GeneratorTest {
    @ParameterizedTest
    @ValueSource(strings = {"\"state_heads\": false", "\"state_heads\": false, \"sliding_window\": 5", "\"state_heads\": true",
        "\"state_heads\": true, \"sliding_window\": 40, \"tie_word_embeddings\": true",
        "\"state_heads\": true, \"middle_heads\": \"concat\", \"combine\": \"concat\""})
    void whatIsRememberedChangesNothing(String choice) {
        Parameters parameters = SmallModel.parameters(choice);
        int[] tokens = SmallModel.tokens(300);
        try (JvmExecutor executor = new JvmExecutor(2)) {
            for (Executor either : List.of(executor, new Compiling(executor, new HashMap<>()))) {
                Generator generator = new Generator(parameters, either);
                // A block and a few tokens; single tokens; the same again; blocks behind single tokens; more than there was room for; a shorter text.
                for (int length : new int[] {35, 36, 37, 37, 110, 300, 1}) {
                    close(expected(parameters, Arrays.copyOf(tokens, length), executor), generator.logits(Arrays.copyOf(tokens, length)), length);
                }
                int[] other = Arrays.copyOf(tokens, 40);
                other[20] = (other[20] + 1) % parameters.config().vocabSize();
                generator.logits(Arrays.copyOf(tokens, 39));
                close(expected(parameters, other, executor), generator.logits(other), 40);
            }
        }
    }

    @Test
    void aTextThatOutgrowsItsRoomIsNotReadAgain() {
        Parameters parameters = SmallModel.parameters("\"state_heads\": true");
        int[] tokens = SmallModel.tokens(258);
        try (JvmExecutor jvm = new JvmExecutor(2)) {
            Compiling counting = new Compiling(jvm, new HashMap<>());
            Generator generator = new Generator(parameters, counting);
            generator.logits(Arrays.copyOf(tokens, 256));
            assertEquals(8, counting.runs.remove("embed"));
            close(expected(parameters, tokens, jvm), generator.logits(tokens), 258);
            assertEquals(2, counting.runs.get("embed"));
        }
    }

    @Test
    void whereNoRoomCanBeMadeNothingIsKnownAfterwards() {
        Parameters parameters = SmallModel.parameters("\"state_heads\": true");
        int[] tokens = SmallModel.tokens(258);
        try (JvmExecutor jvm = new JvmExecutor(2)) {
            Compiling device = new Compiling(jvm, new HashMap<>());
            Generator generator = new Generator(parameters, device);
            generator.logits(Arrays.copyOf(tokens, 256));
            device.runs.put(Compiling.REFUSED, 1);
            assertThrows(KernelException.class, () -> generator.logits(tokens));
            device.runs.remove(Compiling.REFUSED);
            close(expected(parameters, tokens, jvm), generator.logits(tokens), 258);
        }
    }

    /**
     * The JVM as a device for which every program has to be compiled.
     *
     * @param runs how often each program ran
     */
    private record Compiling(JvmExecutor jvm, Map<String, Integer> runs) implements Executor {
        /** While this is among the runs, no program is taken. */
        static final String REFUSED = "refused";

        @Override
        public String device() {
            return jvm.device();
        }

        @Override
        public long memory() {
            return jvm.memory();
        }

        @Override
        public void prepare(List<Program> programs) {
            if (runs.containsKey(REFUSED)) {
                throw new KernelException("the device has no memory left");
            }
            assertTrue(programs.size() <= 8, "programs of two sizes, and not " + programs.size());
            jvm.prepare(programs);
        }

        @Override
        public void run(Program program, int index) {
            runs.merge(program.name(), 1, Integer::sum);
            jvm.run(program, index);
        }

        @Override
        public Profile profile() {
            return jvm.profile();
        }

        @Override
        public void upload(Buffer buffer) {
            jvm.upload(buffer);
        }

        @Override
        public void download(Buffer buffer) {
            jvm.download(buffer);
        }

        @Override
        public void close() {
            jvm.close();
        }
    }

    /** Logits of the last token as training computes them: hidden states of the whole text, times the head. */
    private static double[] expected(Parameters parameters, int[] tokens, Executor executor) {
        Decoder decoder = new Decoder(parameters, new Batch(parameters.config(), 1, tokens.length), Keep.NOTHING);
        executor.prepare(decoder.programs());
        decoder.batch().set(tokens, null, executor);
        decoder.forward(executor);
        float[] hidden = decoder.hidden().segment().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
        String name = parameters.config().tieWordEmbeddings() ? "model.embed_tokens.weight" : "lm_head.weight";
        double[] logits = new double[parameters.config().vocabSize()];
        parameters.forEach((n, values) -> {
            if (n.equals(name)) {
                int d = parameters.config().hiddenSize();
                for (int i = 0; i < logits.length * d; i++) {
                    logits[i / d] += (double) values.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i) * hidden[(tokens.length - 1) * d + i % d];
                }
            }
        });
        return logits;
    }

    private static void close(double[] expected, float[] logits, int length) {
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], logits[i], 2e-5, length + " tokens, logit " + i);
        }
    }

    @Test
    void stopsWhereItIsToldTo() {
        try (Executor executor = new JvmExecutor(1)) {
            Generator generator = new Generator(SmallModel.parameters("\"state_heads\": true, \"max_position_embeddings\": 32"), executor);
            List<Integer> heard = new ArrayList<>();
            int[] prompt = SmallModel.tokens(5);
            int[] greedy = generator.generate(prompt, 64, 20, Sampling.GREEDY, 1, Set.of(), heard::add);
            assertArrayEquals(greedy, heard.stream().mapToInt(i -> i).toArray());
            assertEquals(20, greedy.length);
            int stop = greedy[7];
            int[] stopped = generator.generate(prompt, 64, 20, Sampling.GREEDY, 1, Set.of(stop), token -> { });
            assertArrayEquals(Arrays.copyOf(greedy, Arrays.stream(greedy).boxed().toList().indexOf(stop)), stopped);
            assertTrue(assertThrows(ModelException.class, () -> generator.generate(prompt, 64, 29, Sampling.GREEDY, 1, Set.of(), t -> { }))
                    .getMessage().contains("max_position_embeddings (32)"));
            assertThrows(ModelException.class, () -> generator.logits(new int[0]));
            assertTrue(assertThrows(ModelException.class, () -> generator.logits(new int[] {64})).getMessage().contains("token id 64"));
        }
    }
}
