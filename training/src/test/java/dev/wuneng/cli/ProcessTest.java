package dev.wuneng.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The program as users start it: real processes, real signals. */
@Timeout(300)
class ProcessTest {
    private static final List<String> JAVA = List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
            "--add-opens=java.base/java.nio=ALL-UNNAMED", "-Xmx1g", "-cp", System.getProperty("java.class.path"), "dev.wuneng.cli.Main");

    @TempDir
    Path temp;

    private record Result(int status, String out, String err) {
    }

    @BeforeEach
    void writeTexts() throws IOException {
        Random random = new Random(1);
        List<String> who = List.of("the cat", "a dog", "my friend", "the old man");
        List<String> what = List.of("sees", "likes", "follows", "hears");
        StringBuilder text = new StringBuilder();
        StringBuilder chat = new StringBuilder();
        for (int i = 0; i < 300; i++) {
            String verb = what.get(random.nextInt(4));
            String whom = who.get(random.nextInt(4));
            text.append(who.get(random.nextInt(4))).append(' ').append(verb).append(' ').append(whom).append(".\n\n");
            chat.append("{\"prompt\": \"Who ").append(verb).append(' ').append(whom).append("?\", \"answer\": \"").append(who.get(random.nextInt(4))).append("\"}\n");
        }
        Files.writeString(temp.resolve("text.txt"), text);
        Files.writeString(temp.resolve("chat.jsonl"), chat);
    }

    @Test
    void allStagesByThemselves() throws Exception {
        Result tokenized = run("tokenize", "text.txt", "--tokenizer", "tokenizer.json", "--learn", "300", "--out", "text");
        assertTrue(tokenized.out.contains("MB  300 documents") && tokenized.out.contains("took"), tokenized.out);
        run("tokenize", "chat.jsonl", "--tokenizer", "tokenizer.json", "--out", "chat");
        Result inspected = run("data", "inspect", "chat", "--tokenizer", "tokenizer.json", "--documents", "1");
        assertTrue(inspected.out.contains("column labels: ") && inspected.out.contains("user\nWho "), inspected.out);
        Files.writeString(temp.resolve("teacher.json"), """
                {"model": {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16,
                           "intermediate_size": 48, "max_position_embeddings": 64, "tie_word_embeddings": true},
                 "tokenizer": "tokenizer.json", "data": {"file": "text", "rows": 4, "length": 32, "held_out": 50},
                 "steps": 60, "learning_rate": {"start": 1e-2, "warm_up": 5}, "threads": 1, "out": "runs/teacher"}
                """);
        Result teacher = run("train", "teacher", "--config", "teacher.json");
        assertTrue(teacher.out.startsWith("Device: JVM"), teacher.out);
        run("train", "align", "--set", "teacher=runs/teacher/model", "--set", "data.file=text", "--set", "data.rows=4", "--set", "data.length=32",
                "--set", "steps=10", "--set", "threads=1", "--set", "out=runs/align");
        run("train", "sft", "--set", "student=runs/align/model", "--set", "data.file=chat", "--set", "data.rows=4", "--set", "data.length=32",
                "--set", "steps=10", "--set", "threads=1", "--set", "out=runs/sft");
        for (String line : Files.readAllLines(temp.resolve("runs/sft/metrics.jsonl"))) {
            JsonParser.parseString(line).getAsJsonObject().get("step").getAsLong();
        }
        Result text = run("generate", "--model", "runs/teacher/model", "--prompt", "the cat", "--max-tokens", "8");
        assertTrue(text.out.lines().toList().get(1).matches("the cat (sees|likes|follows|hears).*"), text.out);
        run("generate", "--model", "runs/sft/model", "--prompt", "Who sees a dog?", "--chat", "--max-tokens", "8", "--temperature", "1", "--top-p", "0.9");

        Result other = runToEnd("train", "sft", "--set", "student=runs/align/model", "--set", "data.file=text", "--set", "data.length=128", "--set", "out=runs/x");
        assertEquals(1, other.status);
        assertTrue(other.err.contains("data.length is 128, and must be at most max_position_embeddings (64)"), other.err);
    }

    /** Killed once, interrupted once, then left alone: the bits are those of a run that was never stopped. */
    @Test
    void aKilledRunGoesOnExactly() throws Exception {
        run("tokenize", "text.txt", "--tokenizer", "tokenizer.json", "--learn", "300", "--out", "text");
        run("tokenize", "chat.jsonl", "--tokenizer", "tokenizer.json", "--out", "chat");
        List<String> train = List.of("train", "teacher", "--set", "model.hidden_size=32", "--set", "model.num_hidden_layers=2", "--set", "model.num_attention_heads=2",
                "--set", "model.intermediate_size=48", "--set", "data.mix=[{'file': 'text', 'weight': 2}, {'file': 'chat', 'weight': 1}]", "--set", "data.rows=4", "--set", "data.length=32", "--set", "steps=400",
                "--set", "threads=1", "--set", "evaluation.every=0", "--set", "checkpoint_every=10", "--set", "out=");
        String[] stopped = withOut(train, "runs/stopped");

        Process killed = start(stopped);
        waitForCheckpoint("runs/stopped", 20);
        killed.destroyForcibly().waitFor();
        assertFalse(Files.exists(temp.resolve("runs/stopped/model")), "it was killed too late");

        Process interrupted = start(stopped);
        waitForCheckpoint("runs/stopped", 60);
        // SIGTERM, which takes the same way as Ctrl-C: a shell that starts the tests in the background lets all of them ignore SIGINT.
        interrupted.destroy();
        assertEquals(143, interrupted.waitFor());
        assertFalse(Files.exists(temp.resolve("runs/stopped/model")), "it was interrupted too late");

        run(stopped);
        run(withOut(train, "runs/whole"));
        assertArrayEquals(Files.readAllBytes(temp.resolve("runs/whole/model/model.safetensors")),
                Files.readAllBytes(temp.resolve("runs/stopped/model/model.safetensors")));
    }

    private static String[] withOut(List<String> args, String out) {
        List<String> all = new ArrayList<>(args);
        all.set(all.size() - 1, "out=" + out);
        return all.toArray(String[]::new);
    }

    private void waitForCheckpoint(String run, int step) throws Exception {
        while (latest(temp.resolve(run)) < step) {
            Thread.sleep(5);
        }
    }

    private static int latest(Path run) throws IOException {
        if (!Files.exists(run)) {
            return 0;
        }
        try (Stream<Path> files = Files.list(run)) {
            return files.map(f -> f.getFileName().toString()).filter(f -> f.matches("checkpoint-\\d+"))
                    .mapToInt(f -> Integer.parseInt(f.substring(11))).max().orElse(0);
        }
    }

    private Result run(String... args) throws Exception {
        Result result = runToEnd(args);
        assertEquals(0, result.status, result.out + result.err);
        return result;
    }

    private Result runToEnd(String... args) throws Exception {
        Process process = start(args);
        assertTrue(process.waitFor(200, TimeUnit.SECONDS));
        return new Result(process.exitValue(), Files.readString(temp.resolve("out")), Files.readString(temp.resolve("err")));
    }

    private Process start(String... args) throws IOException {
        List<String> command = new ArrayList<>(JAVA);
        command.addAll(List.of(args));
        return new ProcessBuilder(command).directory(temp.toFile()).redirectOutput(temp.resolve("out").toFile())
                .redirectError(temp.resolve("err").toFile()).start();
    }
}
