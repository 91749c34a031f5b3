package dev.wuneng.training.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.JvmExecutor;
import dev.wuneng.kernels.run.Profile;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.model.Checkpoint;
import dev.wuneng.model.checkpoint.Dtype;
import dev.wuneng.model.checkpoint.ModelWriter;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.model.parameter.Trainable;
import dev.wuneng.training.Losses;
import dev.wuneng.training.Trainer;
import dev.wuneng.training.TrainingException;
import dev.wuneng.training.config.ConfigException;
import dev.wuneng.training.config.RunConfigs;
import dev.wuneng.training.config.Stage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run needs is said, or refused, before it begins; frozen weights in half precision need less and train the same. */
class RunMemoryTest {
    @TempDir
    Path temp;

    private Path data;

    /** A JVM with little memory. */
    private record Small(JvmExecutor jvm, long memory) implements Executor {
        @Override
        public String device() {
            return "a small machine";
        }

        @Override
        public Profile profile() {
            return jvm.profile();
        }

        @Override
        public void prepare(List<Program> programs) {
            jvm.prepare(programs);
        }

        @Override
        public void run(Program program, int index) {
            jvm.run(program, index);
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

    private static final class Recorder implements TrainingListener {
        final List<Double> losses = new ArrayList<>();
        RunMemory memory;

        @Override
        public void planned(RunMemory memory, long available) {
            this.memory = memory;
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
        public void evaluated(long step, Optional<String> file, Losses heldOut) {
            // nothing to keep
        }
    }

    @BeforeEach
    void makeTeacher() {
        data = Corpus.write(temp.resolve("text.arrow"));
        train(Stage.TEACHER, "teacher", Long.MAX_VALUE, "model.hidden_size=16", "model.num_hidden_layers=2", "model.num_attention_heads=2",
                "model.intermediate_size=24", "model.max_position_embeddings=32");
        Parameters teacher = Checkpoint.open(temp.resolve("teacher/model")).load(Trainable.NONE);
        Checkpoint.save(temp.resolve("halves"), teacher, null, Dtype.BF16, ModelWriter.SHARD_BYTES);
    }

    @Test
    void frozenHalvesTrainTheSame() throws Exception {
        String from = "teacher=" + temp.resolve("halves");
        Recorder halves = train(Stage.ALIGN, "auto", Long.MAX_VALUE, from);
        Recorder floats = train(Stage.ALIGN, "floats", Long.MAX_VALUE, from, "frozen_dtype=float32");
        assertEquals(floats.losses, halves.losses);
        assertTrue(halves.memory.parts().get("parameters in bfloat16") > 0, halves.memory.toString());
        assertEquals(2 * halves.memory.parts().get("parameters in bfloat16"),
                floats.memory.parts().get("parameters in float32") - halves.memory.parts().get("parameters in float32"));
        assertEquals(halves.memory.parts().get("moments"), 2 * halves.memory.parts().get("gradients"));

        // Stopped and gone on with, or taken up by the next stage, the student finds its teacher's weights again.
        Recorder distilled = train(Stage.DISTILL, "distill", Long.MAX_VALUE, from, "student=" + temp.resolve("auto/model"), "trainable=model.layers.*.self_attn.*");
        assertEquals(halves.memory.parts().get("parameters in bfloat16"), distilled.memory.parts().get("parameters in bfloat16"));
        assertEquals(halves.memory.parts().get("parameters in float32"), distilled.memory.parts().get("parameters in float32"));
    }

    @Test
    void aRunThatDoesNotFitIsRefusedWithWhatWould() {
        Recorder fits = train(Stage.ALIGN, "fits", Long.MAX_VALUE, "teacher=" + temp.resolve("halves"));
        String message = refusal("refused", fits.memory.total() - 1);
        Matcher proposed = Pattern.compile(".*the run needs .* \\(parameters in bfloat16 .* moments .*, and on a small machine there are .*; it would fit with "
                + "--set (data.rows=2) --set (tokens_per_step=64) \\(.*").matcher(message);
        assertTrue(proposed.matches(), message);
        assertFalse(Files.exists(temp.resolve("refused/model")));
        train(Stage.ALIGN, "smaller", fits.memory.total() - 1, "teacher=" + temp.resolve("halves"), proposed.group(1), proposed.group(2));
        assertTrue(refusal("never", 1000).contains("no smaller batch fits"));
    }

    private String refusal(String name, long memory) {
        return assertThrows(TrainingException.class, () -> train(Stage.ALIGN, name, memory, "teacher=" + temp.resolve("halves"))).getMessage();
    }

    @Test
    void whatTrainsIsNotKeptInHalfPrecision() {
        String message = assertThrows(ConfigException.class, () -> train(Stage.SFT, "sft", Long.MAX_VALUE, "student=" + temp.resolve("halves"),
                "frozen_dtype=bfloat16")).getMessage();
        assertTrue(message.contains("frozen_dtype is bfloat16, and in this run everything trains"), message);
        message = assertThrows(ConfigException.class, () -> train(Stage.TEACHER, "fresh", Long.MAX_VALUE, "model.hidden_size=16",
                "frozen_dtype=float16")).getMessage();
        assertTrue(message.contains("frozen_dtype is float16, and must be left out: a fresh model"), message);
    }

    private Recorder train(Stage stage, String name, long memory, String... settings) {
        List<String> all = new ArrayList<>(List.of("data.file=" + data, "data.rows=4", "data.length=16", "data.held_out=100", "out=" + temp.resolve(name),
                "steps=4", "evaluation.every=1000", "checkpoint_every=0"));
        all.addAll(List.of(settings));
        Recorder recorder = new Recorder();
        try (Executor executor = new Small(new JvmExecutor(1), memory)) {
            assertEquals(TrainingRun.Ending.FINISHED, TrainingRun.run(RunConfigs.read(stage, null, all), executor, recorder, () -> false));
        }
        return recorder;
    }
}
