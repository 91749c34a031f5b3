package dev.wuneng.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.data.arrow.DocumentBatch;
import dev.wuneng.data.source.SourceFiles;
import dev.wuneng.data.tokenizer.BpeTrainer;
import dev.wuneng.data.tokenizer.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetTest {

    @TempDir
    private Path folder;
    private Path shards;

    @BeforeEach
    void write() throws Exception {
        BpeTrainer.train(Stream.of("some words of a text"), 270).save(folder.resolve("tokenizer.json"));
        Files.writeString(folder.resolve("a.txt"), IntStream.range(0, 5000).mapToObj(i -> "text " + i).collect(Collectors.joining("\n\n")));
        shards = folder.resolve("shards");
        try (Tokenizer tokenizer = Tokenizer.load(folder)) {
            TokenizedFolder.write(SourceFiles.find(List.of(folder.resolve("a.txt").toString()), Optional.empty(), Optional.empty()),
                    tokenizer, shards, 8000, done -> { });
        }
    }

    @Test
    void numbersDocumentsAndBatchesOverAllShards() {
        try (Tokenizer tokenizer = Tokenizer.load(folder); Dataset dataset = Dataset.open(shards)) {
            assertTrue(dataset.shards() > 2);
            assertEquals(5000, dataset.metadata().documents());
            long next = 0;
            for (int batch = 0; batch < dataset.batches(); batch++) {
                DocumentBatch documents = dataset.batch(batch);
                assertEquals(next, documents.firstDocument());
                for (int i = 0; i < documents.documents(); i++, next++) {
                    int[] ids = documents.inputIds(i);
                    assertArrayEquals(tokenizer.encodeDocument("text " + next), Arrays.copyOf(ids, ids.length - 1));
                }
            }
            assertEquals(5000, next);
        }
    }

    @Test
    void refusesWhatIsNotAWholeFolder() throws Exception {
        assertComplaint("has no manifest.json", folder);
        Path manifest = shards.resolve(Manifest.NAME);
        String text = Files.readString(manifest);
        Files.writeString(manifest, text.replace("\"complete\": true", "\"complete\": false"));
        assertComplaint("start the same tokenize command again", shards);
        Files.writeString(manifest, text);
        Files.copy(shards.resolve("part-00000.arrow"), folder.resolve("first"));
        Files.delete(shards.resolve("part-00001.arrow"));
        assertComplaint("part-00001.arrow", shards);
        Files.copy(folder.resolve("first"), shards.resolve("part-00001.arrow"));
        assertComplaint("is not the one that manifest.json describes", shards);
    }

    private static void assertComplaint(String complaint, Path path) {
        DataException e = assertThrows(DataException.class, () -> Dataset.open(path));
        assertTrue(e.getMessage().contains(complaint), e.getMessage());
    }
}
