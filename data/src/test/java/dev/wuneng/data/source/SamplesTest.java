package dev.wuneng.data.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.data.DataException;
import dev.wuneng.data.External;
import dev.wuneng.data.source.Sample.Conversation;
import dev.wuneng.data.source.Sample.Text;
import dev.wuneng.data.source.Sample.Turn;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What records of the formats and layouts become. */
class SamplesTest {

    @TempDir
    private Path folder;

    @Test
    void readsEveryLayout() throws Exception {
        assertEquals(List.of(
                new Conversation(List.of(new Turn("system", "s"), new Turn("user", "u"), new Turn("assistant", "a"))),
                Conversation.of("p", "c"),
                Conversation.of("q", "a"),
                Conversation.of("2 + 2?\nA. 3\nB. 4", "B"),
                Conversation.of("2 + 2?\nA. 3\nB. 4", "A"),
                Conversation.of("do", "done"),
                Conversation.of("do\n\nthis", "done"),
                Conversation.of("i\n\nx", "1"),
                Conversation.of("i", "2"),
                new Text("t")),
                samples("""
                {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}, {"role": "assistant", "content": "a"}]}
                {"prompt": "p", "completion": "c"}
                {"question": "q", "answer": "a", "id": 3}

                {"question": "2 + 2?", "choices": ["3", "4"], "answer": 1}
                {"question": "2 + 2?", "choices": ["3", "4"], "answer": "A"}
                {"instruction": "do", "input": "", "output": "done"}
                {"instruction": "do", "input": "this", "output": "done"}
                {"instruction": "i", "instances": [{"input": "x", "output": "1"}, {"input": "", "output": "2"}]}
                {"text": "t", "output": null}
                """, Optional.empty()));
        assertEquals(List.of(new Text("u")), samples("{\"prompt\": \"p\", \"answer\": \"a\", \"url\": \"u\"}", Optional.of("url")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
        "{\"other\": 1}; --field", "[1]; not a JSON object", "{; not a JSON object", "{\"text\": 3}; no text in the field text",
        "{\"messages\": [{\"role\": \"user\", \"content\": \"u\"}]}; nothing to learn",
        "{\"messages\": [{\"role\": \"assistant\"}]}; messages 0 has no text in the field content",
        "{\"messages\": \"m\"}; no list in the field messages", "{\"messages\": [1]}; other than objects",
        "{\"question\": \"q\", \"choices\": [\"a\"], \"answer\": 1}; answer neither"})
    void namesTheLineAndFieldThatCannotBeUsed(String line, String complaint) {
        DataException e = assertThrows(DataException.class, () -> samples("{\"text\": \"t\"}\n" + line, Optional.empty()));
        assertTrue(e.getMessage().startsWith("Line 2 of ") && e.getMessage().contains(complaint), e.getMessage());
    }

    @Test
    void cutsAText() throws Exception {
        String text = "word ".repeat(600_000);
        List<Sample> parts = samples("{\"text\": \"" + text + "\"}", Optional.empty());
        assertEquals(text, parts.stream().map(part -> ((Text) part).text()).collect(Collectors.joining()));
        assertEquals(parts, samples(Files.writeString(folder.resolve("line.txt"), text), Optional.empty()), "as a text's long line");
        assertEquals(3, parts.size());
        DataException e = assertThrows(DataException.class, () -> samples("\n\"" + "x".repeat(1 << 24) + "\"", Optional.empty()));
        assertTrue(e.getMessage().startsWith("Line 2 of ") && e.getMessage().contains("more than 16777216 characters"), e.getMessage());
    }

    @Test
    void readsParquet() throws Exception {
        for (String codec : List.of("zstd", "gzip")) {
            assertEquals(List.of(new Text("first"), new Text("zweites ä"), new Text("last")),
                    samples(resource("text." + codec + ".parquet"), Optional.empty()));
        }
        assertEquals(List.of(Conversation.of("Hi", "Hello"), new Conversation(List.of(new Turn("user", "x"),
                new Turn("assistant", "y"), new Turn("user", "z"), new Turn("assistant", "")))),
                samples(resource("messages.snappy.parquet"), Optional.empty()));
        Path text = resource("text.gzip.parquet");
        DataException e = assertThrows(DataException.class, () -> samples(text, Optional.of("none")));
        assertTrue(e.getMessage().contains("(id, text)") && e.getMessage().contains("--field"), e.getMessage());
    }

    /** Whatever byte is wrong or missing, what cannot be read is refused by the file's name. */
    @ParameterizedTest
    @CsvSource({"parquet", "arrow"})
    void survivesDamage(String format) throws Exception {
        byte[] whole = format.equals("parquet") ? Files.readAllBytes(resource("messages.snappy.parquet"))
                : Files.readAllBytes(ArrowFixture.stream(folder.resolve("whole.arrow")));
        Random random = new Random(7);
        int complaints = 0;
        for (int round = 0; round < 300; round++) {
            byte[] damaged = round % 3 == 0 ? Arrays.copyOf(whole, 6 + random.nextInt(whole.length - 6)) : whole.clone();
            damaged[6 + random.nextInt(damaged.length - 6)] = (byte) random.nextInt(256);
            // A file each: one that is mapped must not be cut off.
            Path file = Files.write(folder.resolve("damaged" + round + "." + format), damaged);
            try {
                samples(file, Optional.empty());
            } catch (DataException e) {
                complaints++;
                assertTrue(e.getMessage().contains(file.toString()), e.getMessage());
            }
        }
        assertTrue(complaints > 50, complaints + " of 300");
    }

    @Test
    void readsArrowStreamsAndCompressedFiles() throws Exception {
        List<Sample> expected = List.of(Conversation.of("2 + 2?\nA. 3\nB. 4", "B"), Conversation.of("ä?\nA. no\nB. yes", "A"));
        assertEquals(expected, samples(ArrowFixture.stream(folder.resolve("stream.arrow")), Optional.empty()));
        assertEquals(expected, samples(ArrowFixture.compressedFile(folder.resolve("lz4.feather")), Optional.empty()));
    }

    @Test
    void readsRealFiles() {
        Path shared = External.shared("real");
        assertEquals(7473, samples(shared.resolve("gsm8k/train.jsonl"), Optional.empty()).size());
        assertEquals(1319, samples(shared.resolve("gsm8k/test.jsonl"), Optional.empty()).size());
        List<Sample> seeds = samples(shared.resolve("instructions/seed_tasks.jsonl"), Optional.empty());
        assertEquals(175, seeds.size());
        List<Sample> questions = samples(shared.resolve("mmlu-dev/mmlu_dev.arrow"), Optional.empty());
        assertEquals(Conversation.of("Find all c in Z_3 such that Z_3[x]/(x^2 + c) is a field.\nA. 0\nB. 1\nC. 2\nD. 3", "B"),
                questions.getFirst());
        assertEquals(285, questions.size());
        assertTrue(samples(shared.resolve("mmlu-dev/mmlu_dev.arrow"), Optional.of("subject")).getFirst() instanceof Text);
    }

    private Path resource(String name) throws Exception {
        return Path.of(SamplesTest.class.getResource("/parquet/" + name).toURI());
    }

    private List<Sample> samples(String lines, Optional<String> field) throws Exception {
        return samples(Files.writeString(folder.resolve("lines.jsonl"), lines), field);
    }

    private static List<Sample> samples(Path file, Optional<String> field) {
        try (Stream<Sample> samples = SourceFiles.find(List.of(file.toString()), Optional.empty(), field).getFirst().open().samples()) {
            return samples.toList();
        }
    }
}
