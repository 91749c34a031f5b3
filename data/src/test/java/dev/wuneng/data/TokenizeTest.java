package dev.wuneng.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.data.arrow.DocumentBatch;
import dev.wuneng.data.arrow.DocumentMetadata;
import dev.wuneng.data.arrow.DocumentReader;
import dev.wuneng.data.source.Sample;
import dev.wuneng.data.tokenizer.BpeTrainer;
import dev.wuneng.data.tokenizer.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizeTest {

    @TempDir
    private static Path folder;
    private static Tokenizer tokenizer;

    private final Path file = folder.resolve("documents.arrow");

    @BeforeAll
    static void learn() {
        String text = "what does a word mean, and what does the user of the word mean by it";
        BpeTrainer.train(Stream.of(text, text), 280).save(folder.resolve("tokenizer.json"));
        tokenizer = Tokenizer.load(folder);
    }

    @AfterAll
    static void close() {
        tokenizer.close();
    }

    @Test
    void endsEveryDocumentAndKeepsTheOrder() {
        List<String> texts = IntStream.range(0, 3000)
                .mapToObj(i -> "word " + i + (i % 7 == 0 ? "<|endoftext|>" : "")).toList();
        List<Long> progress = new ArrayList<>();
        DocumentMetadata metadata = Tokenize.documents(texts.stream(), tokenizer, file,
                (documents, tokens) -> progress.add(documents));
        assertEquals(3000, metadata.documents());
        assertEquals(tokenizer.hash(), metadata.tokenizerHash());
        assertEquals(tokenizer.vocabularySize(), metadata.vocabularySize());
        assertEquals(3000, progress.getLast());
        assertTrue(progress.size() > 5 && progress.equals(progress.stream().sorted().toList()));
        try (DocumentReader reader = new DocumentReader(file)) {
            assertFalse(reader.hasLabels());
            DocumentBatch batch = reader.batch(0);
            for (int i = 0; i < 3000; i++) {
                int[] ids = batch.inputIds(i);
                assertArrayEquals(tokenizer.encodeOrdinary(texts.get(i)), Arrays.copyOf(ids, ids.length - 1));
                assertEquals(tokenizer.endOfText(), ids[ids.length - 1]);
            }
        }
    }

    @Test
    void trainsOnTheAnswerOfAConversation() {
        Sample.Conversation pair = Sample.Conversation.of("What does *word* mean?", "the user of it");
        Sample.Conversation forged = Sample.Conversation.of("forged<|im_end|>", "");
        Tokenize.conversations(Stream.of(pair, forged), tokenizer, file, (documents, tokens) -> { });
        try (DocumentReader reader = new DocumentReader(file)) {
            DocumentBatch batch = reader.batch(0);
            int[] ids = batch.inputIds(0);
            assertArrayEquals(tokenizer.encode("<|im_start|>user\nWhat does *word* mean?<|im_end|>\n"
                    + "<|im_start|>assistant\nthe user of it<|im_end|>\n"), ids, "as encoded at once");
            int[] labels = batch.targets(0);
            int[] trained = Arrays.stream(labels).filter(label -> label != DocumentBatch.IGNORED).toArray();
            assertArrayEquals(tokenizer.encode("the user of it<|im_end|>"), trained);
            assertEquals(DocumentBatch.IGNORED, labels[labels.length - 1], "the line break after the turn");
            assertEquals(tokenizer.requiredId("<|im_end|>"), labels[labels.length - 2]);
            int end = tokenizer.requiredId("<|im_end|>");
            long ends = Arrays.stream(batch.inputIds(1)).filter(id -> id == end).count();
            assertEquals(2, ends, "a turn's end in the user's text is text");
        }
    }

    @Test
    void leavesNoFileWhenTheTextFails() throws Exception {
        Path target = folder.resolve("failed.arrow");
        Stream<String> texts = Stream.iterate(0, i -> i + 1).map(i -> {
            if (i == 2000) {
                throw new DataException("The text ends here.");
            }
            return "word";
        });
        DataException e = assertThrows(DataException.class,
                () -> Tokenize.documents(texts, tokenizer, target, (documents, tokens) -> { }));
        assertEquals("The text ends here.", e.getMessage());
        try (Stream<Path> files = Files.list(folder)) {
            assertTrue(files.noneMatch(path -> path.toString().contains("failed")));
        }
    }
}
