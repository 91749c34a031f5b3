package dev.wuneng.data.arrow;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.data.DataException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@link DocumentWriter} writes, {@link DocumentReader} reads. */
class DocumentFileTest {

    private static final int VOCABULARY = 1000;

    @TempDir
    private Path folder;

    @Test
    void returnsEveryDocumentAndTheMetadata() {
        List<int[]> documents = documents(3 * DocumentWriter.BATCH_DOCUMENTS + 17, 40);
        DocumentMetadata metadata = write(documents, false);
        try (DocumentReader reader = new DocumentReader(file())) {
            long tokens = documents.stream().mapToLong(document -> document.length).sum();
            assertEquals(new DocumentMetadata("hash", VOCABULARY, documents.size(), tokens), reader.metadata());
            assertEquals(metadata, reader.metadata());
            assertEquals(4, reader.batches());
            assertEquals(17, reader.documents(3));
            // Backwards: batches are read in any order.
            for (int k = 3; k >= 0; k--) {
                DocumentBatch batch = reader.batch(k);
                assertTrue(batch.labels().isEmpty());
                assertTrue(batch.inputIds().isMapped(), "nothing is copied");
                assertEquals((long) k * DocumentWriter.BATCH_DOCUMENTS, batch.firstDocument());
                for (int i = 0; i < batch.documents(); i++) {
                    assertArrayEquals(documents.get((int) batch.firstDocument() + i), batch.inputIds(i));
                }
            }
        }
    }

    @Test
    void returnsLabels() {
        int[] ids = {1, 2, 3};
        int[] labels = {-100, 2, 999};
        try (DocumentWriter writer = new DocumentWriter(file(), "hash", VOCABULARY, true)) {
            writer.add(new int[0], new int[0]);
            writer.add(ids, labels);
            writer.finish();
        }
        try (DocumentReader reader = new DocumentReader(file())) {
            assertTrue(reader.hasLabels());
            assertArrayEquals(new int[] {0, 0, 3}, reader.batch(0).offsets());
            assertArrayEquals(labels, reader.batch(0).targets(1));
        }
    }

    @Test
    void bringsABatchToAnEndByTokens() {
        write(documents(10, DocumentWriter.BATCH_TOKENS), false);
        try (DocumentReader reader = new DocumentReader(file())) {
            for (int k = 0; k < reader.batches() - 1; k++) {
                DocumentBatch batch = reader.batch(k);
                int last = batch.length(batch.documents() - 1);
                assertTrue(batch.tokens() >= DocumentWriter.BATCH_TOKENS);
                assertTrue(batch.tokens() - last < DocumentWriter.BATCH_TOKENS);
            }
        }
    }

    @Test
    void holdsNoDocuments() {
        write(List.of(), false);
        try (DocumentReader reader = new DocumentReader(file())) {
            assertEquals(0, reader.batches());
        }
    }

    @Test
    void appearsOnlyWhenFinished() throws Exception {
        Files.writeString(file(), "what was there before");
        try (DocumentWriter writer = new DocumentWriter(file(), "hash", VOCABULARY, false)) {
            documents(2 * DocumentWriter.BATCH_DOCUMENTS, 9).forEach(writer::add);
            assertEquals("what was there before", Files.readString(file()));
        }
        assertEquals("what was there before", Files.readString(file()));
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(file()), files.toList());
        }
    }

    @Test
    void refusesTokensAndLabelsThatDoNotFit() {
        try (DocumentWriter writer = new DocumentWriter(file(), "hash", VOCABULARY, true)) {
            int[] one = {5};
            assertThrows(DataException.class, () -> writer.add(new int[] {VOCABULARY}, one));
            assertThrows(DataException.class, () -> writer.add(new int[] {-1}, one));
            assertThrows(DataException.class, () -> writer.add(one, new int[] {-99}));
            assertThrows(DataException.class, () -> writer.add(one, new int[] {5, 5}));
            assertThrows(IllegalStateException.class, () -> writer.add(one), "all documents have labels or none");
            assertEquals(0, writer.documents());
        }
        assertThrows(DataException.class,
                () -> new DocumentWriter(folder.resolve("no/such/file"), "hash", VOCABULARY, false));
    }

    @Test
    void readsATruncatedFileAtNoLength() throws Exception {
        write(documents(50, 30), false);
        byte[] whole = Files.readAllBytes(file());
        for (int length = 0; length < whole.length; length += 97) {
            Path cut = Files.write(folder.resolve("cut.arrow"), Arrays.copyOf(whole, length));
            DataException e = assertThrows(DataException.class, () -> new DocumentReader(cut));
            assertTrue(e.getMessage().contains(cut.toString()), e.getMessage());
        }
        assertThrows(DataException.class, () -> new DocumentReader(folder.resolve("missing.arrow")));
    }

    /** Whatever byte is wrong: the reader complains in its own words or reads, and never leaks (close would throw). */
    @Test
    void survivesDamage() throws Exception {
        try (DocumentWriter writer = new DocumentWriter(file(), "hash", VOCABULARY, true)) {
            documents(20, 5).forEach(document -> writer.add(document, document));
            writer.finish();
        }
        byte[] whole = Files.readAllBytes(file());
        Random random = new Random(3);
        int complaints = 0;
        for (int round = 0; round < 1000; round++) {
            byte[] damaged = whole.clone();
            damaged[random.nextInt(whole.length)] = (byte) random.nextInt(256);
            Files.write(folder.resolve("damaged.arrow"), damaged);
            complaints += complaints(folder.resolve("damaged.arrow"));
        }
        assertTrue(complaints > 250, complaints + " of 1000");
    }

    private static int complaints(Path damaged) throws IOException {
        try (DocumentReader reader = new DocumentReader(damaged)) {
            for (int k = 0; k < reader.batches(); k++) {
                reader.batch(k);
            }
            return 0;
        } catch (DataException e) {
            assertTrue(e.getMessage().contains(damaged.toString()), e.getMessage());
            return 1;
        }
    }

    private DocumentMetadata write(List<int[]> documents, boolean withLabels) {
        try (DocumentWriter writer = new DocumentWriter(file(), "hash", VOCABULARY, withLabels)) {
            documents.forEach(writer::add);
            return writer.finish();
        }
    }

    private Path file() {
        return folder.resolve("documents.arrow");
    }

    private static List<int[]> documents(int count, int maximumLength) {
        Random random = new Random(count);
        List<int[]> documents = new ArrayList<>();
        IntStream.range(0, count).forEach(i -> documents.add(
                random.ints(random.nextInt(maximumLength + 1), 0, VOCABULARY).toArray()));
        return documents;
    }
}
