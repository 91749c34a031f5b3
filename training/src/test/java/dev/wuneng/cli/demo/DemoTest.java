package dev.wuneng.cli.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.cli.Interruption;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.JvmExecutor;
import dev.wuneng.training.config.Stage;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole demonstration on a text of the user's, with a model and steps that take a moment. */
class DemoTest {
    private static final DemoPlan TINY = new DemoPlan(1, 300,
            List.of("model.hidden_size=16", "model.num_hidden_layers=2", "model.num_attention_heads=2", "model.intermediate_size=24",
                    "model.max_position_embeddings=128", "model.tie_word_embeddings=true"),
            List.of("data.rows=2", "data.length=64"), 4, 3, 3, 3);

    @TempDir
    Path temp;

    @Test
    void everyStageLeavesAModelAndTheTableNamesAll() throws Exception {
        Path text = Files.writeString(temp.resolve("text.txt"), IntStream.range(0, 200)
                .mapToObj(i -> "The house with number " + i + " stands in the street of the " + i % 7 + " winds.").collect(Collectors.joining("\n\n")));
        Path out = temp.resolve("out");
        PrintStream console = System.out;
        System.setOut(new PrintStream(PrintStream.nullOutputStream()));
        try (Executor executor = new JvmExecutor(1); Interruption interruption = new Interruption()) {
            assertTrue(new Demo(TINY, DemoText.files(List.of(text)), out, executor, interruption).run());
        } finally {
            System.setOut(console);
        }
        List<String> table = Files.readAllLines(out.resolve("summary.txt"));
        for (Stage stage : Stage.values()) {
            assertTrue(Files.exists(out.resolve(stage + "/model/model.safetensors")));
            assertTrue(Files.exists(out.resolve(stage + "/model/tokenizer.json")));
            assertTrue(Files.exists(out.resolve(stage + "/run.json")));
            assertTrue(Files.size(out.resolve(stage + "/metrics.jsonl")) > 0);
            assertEquals(1, table.stream().filter(line -> line.startsWith(stage + " ")).count());
        }
        assertTrue(table.getLast().matches("The student has .* parameters; state heads added .* of them .*"), table.getLast());
    }
}
