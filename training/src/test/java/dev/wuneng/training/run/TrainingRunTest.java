package dev.wuneng.training.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.JvmExecutor;
import dev.wuneng.model.Checkpoint;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.model.parameter.Trainable;
import dev.wuneng.training.Losses;
import dev.wuneng.training.Trainer;
import dev.wuneng.training.TrainingException;
import dev.wuneng.training.config.ConfigException;
import dev.wuneng.training.config.RunConfig;
import dev.wuneng.training.config.RunConfigs;
import dev.wuneng.training.config.Stage;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingRunTest {
    private static final List<String> MODEL = List.of("model.hidden_size=16", "model.num_hidden_layers=2", "model.num_attention_heads=2",
            "model.num_key_value_heads=1", "model.head_dim=8", "model.intermediate_size=24", "model.max_position_embeddings=32");

    @TempDir
    Path temp;

    private Path data;

    /** Keeps all losses, and can stop the run after some steps. */
    private static final class Recorder implements TrainingListener {
        final List<Double> losses = new ArrayList<>();
        final List<Losses> heldOut = new ArrayList<>();
        int stopAfter = Integer.MAX_VALUE;

        @Override
        public void planned(RunMemory memory, long available) {
            // RunMemoryTest looks at it
        }

        @Override
        public void begun(Parameters trained, long step, long steps) {
            // nothing to keep
        }

        @Override
        public void step(Trainer.Step step, double seconds) {
            losses.add(step.losses().get("loss"));
        }

        @Override
        public void evaluated(long step, Optional<String> file, Losses losses) {
            heldOut.add(losses);
        }

        boolean stop() {
            return losses.size() >= stopAfter;
        }
    }

    @BeforeEach
    void writeData() {
        data = Corpus.write(temp.resolve("text.arrow"));
    }

    @Test
    void everyStageLowersItsLoss() {
        Recorder teacher = train(config(Stage.TEACHER, "teacher", "steps=150"));
        assertTrue(last(teacher) < 0.7 * teacher.losses.getFirst(), teacher.losses.toString());

        Recorder align = train(config(Stage.ALIGN, "align", "steps=60", "learning_rate.start=3e-3", "teacher=" + model("teacher"), "model.state_lora_rank=4"));
        assertTrue(last(align) < 0.7 * align.losses.getFirst(), align.losses.toString());

        Recorder distill = train(config(Stage.DISTILL, "distill", "steps=40", "learning_rate.start=2e-3", "teacher=" + model("teacher"),
                "student=" + model("align"), "distillation.kl=1", "distillation.ce=0"));
        assertTrue(distill.heldOut.getLast().get("kl") < 0.8 * distill.heldOut.getFirst().get("kl"), distill.losses.toString());

        Recorder sft = train(config(Stage.SFT, "sft", "steps=40", "learning_rate.start=3e-3", "student=" + model("distill")));
        assertTrue(sft.heldOut.getLast().get("loss") < sft.heldOut.getFirst().get("loss"), sft.losses.toString());
        assertTrue(Checkpoint.open(model("sft")).config().stateHeads());
    }

    @Test
    void aStepIsTheSameHoweverItIsCut() {
        // With a large eps an update is in proportion to the gradient, so that rounding stays small where gradients are.
        List<String> linear = List.of("optimizer.eps=1", "learning_rate.start=1", "learning_rate.warm_up=0");
        train(config(Stage.TEACHER, "whole", linear, "steps=3", "data.rows=8"));
        train(config(Stage.TEACHER, "cut", linear, "steps=3", "data.rows=2", "tokens_per_step=128"));
        Map<String, float[]> whole = values("whole");
        values("cut").forEach((name, cut) -> {
            for (int i = 0; i < cut.length; i++) {
                assertEquals(whole.get(name)[i], cut[i], 1e-6, name);
            }
        });
    }

    @Test
    void aStoppedRunEndsWithTheSameBits() throws Exception {
        train(config(Stage.TEACHER, "one", "steps=23"));
        RunConfig config = config(Stage.TEACHER, "two", "steps=23");
        Recorder first = new Recorder();
        first.stopAfter = 9;
        assertEquals(TrainingRun.Ending.INTERRUPTED, run(config, first));
        assertFalse(Files.exists(model("two")));
        assertEquals(9, first.losses.size());
        assertEquals(14, train(config).losses.size());
        assertArrayEquals(Files.readAllBytes(model("one").resolve("model.safetensors")), Files.readAllBytes(model("two").resolve("model.safetensors")));
        assertEquals(TrainingRun.Ending.FINISHED_BEFORE, run(config, new Recorder()));

        List<Long> steps = Files.readAllLines(temp.resolve("two/metrics.jsonl")).stream().map(JsonParser::parseString).map(j -> j.getAsJsonObject())
                .filter(j -> j.has("loss")).map(j -> j.get("step").getAsLong()).toList();
        assertEquals(LongStream.rangeClosed(1, 23).boxed().toList(), steps);
    }

    @Test
    void recomputedActivationsTrainTheSame() throws Exception {
        train(config(Stage.TEACHER, "kept", "steps=3"));
        train(config(Stage.TEACHER, "recomputed", "steps=3", "activations=inputs"));
        assertArrayEquals(Files.readAllBytes(model("kept").resolve("model.safetensors")), Files.readAllBytes(model("recomputed").resolve("model.safetensors")));
    }

    @Test
    void aRunGoesOnOnlyAsItBegan() {
        train(config(Stage.TEACHER, "run", "steps=2"));
        String message = assertThrows(ConfigException.class, () -> train(config(Stage.TEACHER, "run", "steps=2", "seed=5"))).getMessage();
        assertTrue(message.contains("began with seed 1 and not 5"), message);
    }

    @Test
    void gradientsThatAreNotFiniteStopTheRun() {
        RunConfig config = config(Stage.TEACHER, "run", "steps=50", "checkpoint_every=1", "learning_rate.start=1e30", "learning_rate.warm_up=0",
                "optimizer.weight_decay=0");
        String message = assertThrows(TrainingException.class, () -> train(config)).getMessage();
        assertTrue(message.matches("step \\d+ has gradients that are not finite .*learning_rate.start.*"), message);
        assertTrue(RunFolder.open(config).latest().isPresent());
    }

    @Test
    void severalFilesAreMixedAndEachIsEvaluated() throws Exception {
        Path other = Corpus.write(temp.resolve("other.arrow"));
        String mix = "data.mix=[{\"file\": \"%s\", \"weight\": 3}, {\"file\": \"%s\", \"weight\": 1}]".formatted(data, other);
        train(mixed("mixed", mix));
        List<JsonObject> lines = Files.readAllLines(temp.resolve("mixed/metrics.jsonl")).stream().map(l -> JsonParser.parseString(l).getAsJsonObject()).toList();
        assertEquals(List.of(data.toString(), other.toString()), lines.stream().filter(l -> l.has("held_out")).limit(2).map(l -> l.get("file").getAsString()).toList());
        assertTrue(lines.stream().filter(l -> l.has("padding_share")).allMatch(l -> l.get("padding_share").getAsDouble() < 0.5));
        assertComplaint("data.mix[1].file: Cannot read the document file " + temp.resolve("none"), mixed("x", mix.replace("other.arrow", "none")));
        Corpus.write(temp.resolve("foreign.arrow"), "another");
        assertComplaint("data.mix[1].file " + temp.resolve("foreign.arrow") + " was made by another tokenizer than data.mix[0].file " + data,
                mixed("y", mix.replace("other.arrow", "foreign.arrow")));
        assertComplaint("too few for 2 workers", mixed("z", mix, "data.world=2", "data.rank=1"));
    }

    private RunConfig mixed(String name, String... settings) {
        List<String> all = new ArrayList<>(MODEL);
        all.addAll(List.of("data.rows=4", "data.length=16", "data.held_out=100", "steps=3", "out=" + temp.resolve(name)));
        all.addAll(List.of(settings));
        return RunConfigs.read(Stage.TEACHER, null, all);
    }

    private static void assertComplaint(String part, RunConfig config) {
        String message = assertThrows(RuntimeException.class, () -> train(config)).getMessage();
        assertTrue(message.contains(part), message);
    }

    @Test
    void dataAndModelMustFit() {
        assertSentence("has a vocabulary of 24 tokens and the model of 8", "model.vocab_size=8");
        assertSentence("data.length is 64, and must be at most max_position_embeddings (32)", "data.length=64");
        assertSentence("trainable [lm_haed.*] matches no parameter", "trainable=lm_haed.*");
        assertSentence("num_key_value_heads is 3, and must divide", "model.num_key_value_heads=3");
    }

    private void assertSentence(String part, String setting) {
        assertComplaint(part, config(Stage.TEACHER, setting.replace('*', '_'), "steps=1", setting));
    }

    private RunConfig config(Stage stage, String name, List<String> first, String... settings) {
        List<String> all = new ArrayList<>(first);
        all.addAll(List.of(settings));
        return config(stage, name, all.toArray(String[]::new));
    }

    private RunConfig config(Stage stage, String name, String... settings) {
        List<String> all = new ArrayList<>(List.of("data.file=" + data, "data.rows=4", "data.length=16", "data.held_out=100", "out=" + temp.resolve(name),
                "learning_rate.start=1e-2", "learning_rate.min=1e-4", "learning_rate.warm_up=5", "evaluation.every=1000", "checkpoint_every=4"));
        if (stage == Stage.TEACHER) {
            all.addAll(MODEL);
        }
        all.addAll(List.of(settings));
        return RunConfigs.read(stage, null, all);
    }

    private Path model(String name) {
        return temp.resolve(name).resolve("model");
    }

    private static Recorder train(RunConfig config) {
        Recorder recorder = new Recorder();
        assertEquals(TrainingRun.Ending.FINISHED, run(config, recorder));
        return recorder;
    }

    private static TrainingRun.Ending run(RunConfig config, Recorder recorder) {
        try (Executor executor = new JvmExecutor(1)) {
            return TrainingRun.run(config, executor, recorder, recorder::stop);
        }
    }

    private static double last(Recorder recorder) {
        return recorder.losses.subList(recorder.losses.size() - 5, recorder.losses.size()).stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }

    private Map<String, float[]> values(String name) {
        Map<String, float[]> values = new HashMap<>();
        Checkpoint.open(model(name)).load(Trainable.NONE).forEach((parameter, floats) -> values.put(parameter, floats.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED)));
        return values;
    }
}
