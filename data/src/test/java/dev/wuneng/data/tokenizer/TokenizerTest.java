package dev.wuneng.data.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.data.DataException;
import dev.wuneng.data.External;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerTest {

    @TempDir
    private static Path folder;
    private static Tokenizer learned;

    @BeforeAll
    static void learn() {
        Path file = folder.resolve("tokenizer.json");
        String text = "the cat sat on the mat and the dog sat on the log";
        BpeTrainer.train(Stream.of(text, text), 279).save(file);
        learned = Tokenizer.load(folder);
    }

    @AfterAll
    static void close() {
        learned.close();
    }

    @Test
    void returnsAnyUnicodeText() {
        List<String> texts = List.of("", " ", "\n\n \t x", "the cat", "naïve café", "日本語のテキスト",
                "😀👩‍👩‍👧‍👦 flags 🇪🇺",
                "a\u0000b\u0001\u007F\u0085", "\uFEFFbom", "עברית العربية",
                "\r\n\r\n", "'S 'll I'LL", "\uFFFD\uFFFF\uDBFF\uDFFF");
        texts.forEach(text -> assertEquals(text, learned.decode(learned.encode(text))));
        Random random = new Random(1);
        for (int round = 0; round < 300; round++) {
            // Assigned or not, every code point but the surrogates; the tokenizer's own NFC is all that may change.
            String text = IntStream.generate(() -> random.nextInt(Character.MAX_CODE_POINT + 1))
                    .filter(point -> Character.getType(point) != Character.SURROGATE
                            && Character.getType(point) != Character.UNASSIGNED).limit(20)
                    .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString();
            String composed = Normalizer.normalize(text, Normalizer.Form.NFC);
            assertEquals(composed, learned.decode(learned.encodeOrdinary(text)));
        }
    }

    @Test
    void readsAnUnpairedSurrogateAsOneReplacementCharacter() {
        assertEquals("a\uFFFDb\uFFFD", learned.decode(learned.encode("a\uD800b\uDC00")));
    }

    @Test
    void composesCharacters() {
        assertArrayEquals(learned.encode("\u00E9"), learned.encode("e\u0301"));
    }

    @Test
    void usesTheLearnedMerges() {
        int the = learned.id("Ġthe").orElseThrow();
        assertArrayEquals(new int[] {the, the, the}, learned.encode(" the the the"));
        assertEquals(279, learned.vocabularySize());
        assertEquals(Optional.empty(), learned.id("no such token"));
    }

    @Test
    void knowsSpecialTokensOnlyWhereTheyAreMeant() {
        int end = learned.requiredId(SpecialTokens.TURN_END);
        assertEquals(278, end);
        assertEquals(276, learned.endOfText());
        String text = "the cat<|im_end|>";
        assertEquals(end, Arrays.stream(learned.encode(text)).boxed().toList().getLast());
        assertEquals("the cat", learned.decode(learned.encode(text)));
        assertTrue(Arrays.stream(learned.encodeOrdinary(text)).noneMatch(id -> id == end));
        assertEquals(text, learned.decode(learned.encodeOrdinary(text)));
        assertArrayEquals(learned.encodeOrdinary(text), learned.encodeDocument(text), "nothing stands around a text");
    }

    @Test
    void hashesTheFile() throws Exception {
        String content = Files.readString(folder.resolve("tokenizer.json"));
        Path copy = Files.writeString(folder.resolve("copy.json"), content + " ");
        try (Tokenizer other = Tokenizer.load(copy)) {
            assertTrue(learned.hash().matches("[0-9a-f]{64}"));
            assertTrue(!learned.hash().equals(other.hash()));
        }
    }

    @Test
    void namesAFileThatIsNoTokenizer() throws Exception {
        for (String content : List.of("", "not json", "[]", "{}", "{\"model\": {\"type\": \"BPE\", \"vocab\": {}}}",
                "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [\"x y\"]}}")) {
            Path file = Files.writeString(folder.resolve("bad.json"), content);
            DataException e = assertThrows(DataException.class, () -> Tokenizer.load(file), content);
            assertTrue(e.getMessage().contains(file.toString()), e.getMessage());
        }
        assertThrows(DataException.class, () -> Tokenizer.load(folder.resolve("missing.json")));
        assertThrows(DataException.class, () -> learned.requiredId("</s>"));
    }

    @Test
    void agreesWithTheReferenceVectorsOfQwen() throws Exception {
        String[] texts = Files.readString(External.shared("real/qwen3-tokenizer/vectors.inp"))
                .split("\n__ggml_vocab_test__\n", -1);
        List<String> expected = Files.readAllLines(External.shared("real/qwen3-tokenizer/vectors.out"));
        try (Tokenizer qwen = Tokenizer.load(External.shared("real/qwen3-tokenizer"))) {
            assertEquals(151_643, qwen.endOfText());
            assertEquals(47, texts.length);
            for (int i = 0; i < texts.length; i++) {
                // The last text is empty, and so is its line.
                int[] ids = Stream.of((i < expected.size() ? expected.get(i) : "").strip().split(" ")).filter(id -> !id.isEmpty())
                        .mapToInt(Integer::parseInt).toArray();
                assertArrayEquals(ids, qwen.encode(texts[i]), "vector " + i);
                assertArrayEquals(ids, qwen.encodeOrdinary(texts[i]), "vector " + i);
            }
        }
    }

    @Test
    void tokensThatAreAddedButNotSpecialKeepTheirIds() {
        try (Tokenizer qwen = Tokenizer.load(External.shared("real/qwen3-tokenizer"))) {
            for (String token : List.of("<think>", "</think>", "<tool_call>", "<|fim_prefix|>")) {
                assertArrayEquals(new int[] {qwen.requiredId(token)}, qwen.encodeOrdinary(token), token);
                assertArrayEquals(new int[] {qwen.requiredId(token)}, qwen.encodeDocument(token), token);
            }
            assertTrue(qwen.encodeOrdinary("<|im_end|>").length > 1);
        }
    }

    @Test
    void readsATokenizerOfTheLlamaFamily() {
        try (Tokenizer stories = Tokenizer.load(External.shared("real/stories260k"))) {
            assertEquals(512, stories.vocabularySize());
            String text = "Once upon a time, there was a little girl named Lily.";
            int[] ids = stories.encode(text);
            assertEquals(1, ids[0], "the post-processor puts <s> first");
            assertArrayEquals(Arrays.copyOfRange(ids, 1, ids.length), stories.encodeOrdinary(text));
            assertArrayEquals(ids, stories.encodeDocument(text));
            assertEquals(text, stories.decode(ids));
            assertEquals(2, stories.endOfText(), "</s>");
            assertEquals("<s>", stories.decode(stories.encodeOrdinary("<s>")));
        }
    }
}
