package dev.wuneng.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What users get wrong: one sentence on standard error, a status that is not 0, no stack trace. */
class BadInputTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");

    @TempDir
    Path temp;

    private final PrintStream out = System.out;
    private final PrintStream err = System.err;
    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private final ByteArrayOutputStream complaint = new ByteArrayOutputStream();

    @BeforeEach
    void capture() {
        System.setOut(new PrintStream(written, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(complaint, true, StandardCharsets.UTF_8));
    }

    @AfterEach
    void release() {
        System.setOut(out);
        System.setErr(err);
    }

    @Test
    void models() throws Exception {
        assertSentence("no-model is not a folder", "generate", "--model", "no-model", "--prompt", "x");
        assertSentence("config.json cannot be read", "generate", "--model", temp.toString(), "--prompt", "x");
        Files.writeString(temp.resolve("config.json"), "{\"hidden_size\": 16, \"num_attention_heads\": 3}");
        assertSentence("must be divisible by num_attention_heads (3)", "generate", "--model", temp.toString(), "--prompt", "x");
        Files.copy(GOLDEN.resolve("lm-qwen2-teacher.json"), Files.createDirectories(temp.resolve("model")).resolve("config.json"));
        assertSentence("has no tokenizer.json", "generate", "--model", temp + "/model", "--prompt", "x");
        assertSentence("temperature is -1.0", "generate", "--model", temp + "/model", "--prompt", "x", "--temperature", "-1");
    }

    @Test
    void trainingRuns() throws Exception {
        assertSentence("none.json cannot be read", "train", "sft", "--config", "none.json");
        assertSentence("--set: stepz is no key of a configuration: did you mean steps?", "train", "sft", "--set", "stepz=1");
        assertSentence("Cannot read the document file none.arrow", "train", "sft", "--set", "student=m", "--set", "data.file=none.arrow", "--set", "out=" + temp + "/run");
        Path file = Files.writeString(temp.resolve("text.arrow"), "no Arrow file at all");
        assertSentence("text.arrow is not a complete Arrow IPC file", "train", "sft", "--set", "student=m", "--set", "data.file=" + file, "--set", "out=" + temp + "/run");
    }

    @Test
    void texts() throws Exception {
        assertSentence("Cannot read the text file none.txt", "tokenize", "none.txt", "--tokenizer", temp + "/tokenizer.json", "--learn", "300", "--out", temp + "/x");
        Path file = Files.writeString(temp.resolve("chat.jsonl"), "{\"prompt\": \"q\", \"answer\": \"a\"}\n{\"prompt\": 1}\n");
        assertSentence("Line 2 of " + file, "tokenize", file.toString(), "--tokenizer", temp + "/tokenizer.json", "--learn", "300", "--out", temp + "/x");
        Path text = Files.writeString(temp.resolve("text.txt"), "a text");
        assertSentence("need at least 259", "tokenize", text.toString(), "--tokenizer", temp + "/tokenizer.json", "--learn", "5", "--out", temp + "/x");
        Files.write(file, new byte[] {'{', (byte) 0xff, '}'});
        assertSentence("is not UTF-8", "tokenize", file.toString(), "--tokenizer", temp + "/tokenizer.json", "--learn", "300", "--out", temp + "/x");
    }

    @Test
    void documents() throws Exception {
        assertSentence("Cannot read the document file none.arrow", "data", "inspect", "none.arrow");
        assertSentence("has no manifest.json", "data", "inspect", temp.toString());
        Path file = Files.writeString(temp.resolve("text.arrow"), "ARROW1");
        assertSentence("text.arrow is not a complete Arrow IPC file", "data", "inspect", file.toString());
    }

    @Test
    void benchmarks() throws Exception {
        assertSentence("--sizes: 0 is no size", "bench", "gemm", "--sizes", "0");
        Path file = Files.writeString(temp.resolve("bench.json"), "{\"hidden_size\": 8}");
        assertSentence("bench.json: rows is missing", "bench", "train", "--config", file.toString());
        assertSentence("stay within max_position_embeddings (64)", "bench", "generate", "--config", "../bench/nano.json", "--set", "max_position_embeddings=64");
    }

    @Test
    void demonstrations() {
        assertSentence("exists: name a new folder", "demo", "--out", temp.toString());
        assertSentence("Cannot read the text file none.txt", "demo", "--out", temp + "/demo", "--text", "none.txt");
    }

    @Test
    void goldenFilesThatAreNone() throws Exception {
        assertSentence("holds no .safetensors file", "golden", temp.toString());
        complaint.reset();
        byte[] whole = Files.readAllBytes(GOLDEN.resolve("op-adamw.safetensors"));
        Path cut = Files.write(temp.resolve("cut.safetensors"), Arrays.copyOf(whole, whole.length - 8));
        assertEquals(1, Main.run("golden", cut.toString()));
        assertTrue(written.toString(StandardCharsets.UTF_8).contains("FAIL " + cut), written.toString());
        assertEquals(1, Main.run("golden", "none.safetensors"));
        assertEquals("", complaint.toString());
    }

    @Test
    void wordsThatAreNoCommand() {
        assertEquals(2, Main.run("trian"));
        assertEquals(2, Main.run("train", "everything"));
        assertEquals(2, Main.run("generate", "--prompt", "x"));
    }

    private void assertSentence(String part, String... args) {
        complaint.reset();
        assertEquals(1, Main.run(args), complaint.toString());
        String text = complaint.toString(StandardCharsets.UTF_8);
        assertTrue(text.contains(part), text);
        assertEquals(1, text.lines().count(), text);
        assertTrue(text.startsWith("wuneng: "), text);
    }
}
