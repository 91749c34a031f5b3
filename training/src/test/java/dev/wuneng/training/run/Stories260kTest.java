package dev.wuneng.training.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.wuneng.data.Tokenize;
import dev.wuneng.data.tokenizer.Tokenizer;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.JvmExecutor;
import dev.wuneng.model.Checkpoint;
import dev.wuneng.model.checkpoint.Safetensors;
import dev.wuneng.model.generate.Generator;
import dev.wuneng.model.generate.Sampling;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.model.parameter.Trainable;
import dev.wuneng.training.Losses;
import dev.wuneng.training.Trainer;
import dev.wuneng.training.config.RunConfigs;
import dev.wuneng.training.config.Stage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real pretrained teacher, the 260K-parameter model of TinyStories. Skipped where it is not at hand ({@code -Dwuneng.shared=DIR}). */
class Stories260kTest {
    private static final Path FOLDER = Path.of(System.getProperty("wuneng.shared", "../../shared")).resolve("real/stories260k");

    @TempDir
    Path temp;

    @BeforeEach
    void needsTheModel() {
        assumeTrue(Files.exists(FOLDER), () -> "skipped: there is no " + FOLDER.toAbsolutePath().normalize());
    }

    @Test
    void greedyGenerationIsTheReferences() {
        try (Safetensors file = Safetensors.open(FOLDER.resolve("greedy.safetensors")); Executor executor = new JvmExecutor(1);
                Tokenizer tokenizer = Tokenizer.load(FOLDER)) {
            int[] ids = file.get("input_ids").ints();
            Generator generator = new Generator(Checkpoint.open(FOLDER).load(Trainable.NONE), executor);
            int[] generated = generator.generate(new int[] {ids[0]}, 512, ids.length - 1, Sampling.GREEDY, 1, Set.of(), id -> { });
            assertArrayEquals(Arrays.copyOfRange(ids, 1, ids.length), generated);
            assertTrue(tokenizer.decode(generated).strip().startsWith("Once upon a time, there was a little girl named Lily."), tokenizer.decode(generated));

            float[] logits = generator.logits(ids);
            double[] reference = file.get("logits_last").doubles();
            double difference = IntStream.range(0, logits.length).mapToDouble(i -> Math.pow(logits[i] - reference[i], 2)).sum();
            double size = Arrays.stream(reference).map(x -> x * x).sum();
            assertTrue(Math.sqrt(difference / size) <= 1e-4, "relative error " + Math.sqrt(difference / size));
        }
    }

    @Test
    void aShortAlignmentAndDistillationLowerTheirLosses() {
        Path data = temp.resolve("stories.arrow");
        try (Tokenizer tokenizer = Tokenizer.load(FOLDER)) {
            Tokenize.documents(stories(tokenizer), tokenizer, data, (documents, tokens) -> { });
        }
        List<Losses> align = train(Stage.ALIGN, data, "align", "teacher=" + FOLDER, "model.state_lora_rank=8", "learning_rate.start=2e-3");
        assertTrue(align.getLast().get("output") < 0.7 * align.getFirst().get("output"), align.getFirst().means() + " " + align.getLast().means());
        List<Losses> distill = train(Stage.DISTILL, data, "distill", "teacher=" + FOLDER, "student=" + temp.resolve("align/model"), "learning_rate.start=5e-4");
        assertTrue(distill.getLast().get("kl") < distill.getFirst().get("kl"), distill.getFirst().means() + " " + distill.getLast().means());
    }

    /** The model's own stories: its text is all of its kind that the test has. */
    private static Stream<String> stories(Tokenizer tokenizer) {
        try (Executor executor = new JvmExecutor(1)) {
            Generator generator = new Generator(Checkpoint.open(FOLDER).load(Trainable.NONE), executor);
            int[] begin = tokenizer.encode("");
            List<String> stories = IntStream.range(0, 16).mapToObj(seed -> tokenizer.decode(
                    generator.generate(begin, 512, 30, new Sampling(1, 1), seed, Set.of(tokenizer.endOfText()), id -> { }))).toList();
            return stories.stream();
        }
    }

    private List<Losses> train(Stage stage, Path data, String name, String... settings) {
        List<String> all = new ArrayList<>(List.of("data.file=" + data, "data.rows=4", "data.length=64", "data.held_out=0", "steps=12",
                "learning_rate.warm_up=2", "out=" + temp.resolve(name)));
        all.addAll(List.of(settings));
        List<Losses> losses = new ArrayList<>();
        try (Executor executor = new JvmExecutor(1)) {
            assertEquals(TrainingRun.Ending.FINISHED, TrainingRun.run(RunConfigs.read(stage, null, all), executor, new TrainingListener() {
                @Override
                public void planned(RunMemory memory, long available) {
                    // nothing to keep
                }

                @Override
                public void begun(Parameters trained, long step, long steps) {
                    // nothing to keep
                }

                @Override
                public void step(Trainer.Step step, double seconds) {
                    losses.add(step.losses());
                }

                @Override
                public void evaluated(long step, Optional<String> file, Losses heldOut) {
                    // nothing is held out
                }
            }, () -> false));
        }
        return losses;
    }
}
