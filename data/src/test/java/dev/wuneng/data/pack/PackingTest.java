package dev.wuneng.data.pack;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.data.DataException;
import dev.wuneng.data.Dataset;
import dev.wuneng.data.arrow.DocumentBatch;
import dev.wuneng.data.arrow.DocumentWriter;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One pass over the documents: the rules of a packed row. */
class PackingTest {

    @TempDir
    private Path folder;

    @Test
    void packsByHand() {
        try (DocumentWriter writer = new DocumentWriter(folder.resolve("d"), "hash", 100, true)) {
            writer.add(new int[] {11, 12, 13}, new int[] {-100, -100, 13});
            writer.add(new int[] {21, 22, 23, 24, 25, 26, 27}, new int[] {21, 22, 23, 24, 25, 26, 27});
            writer.add(new int[] {31}, new int[] {31});
            writer.finish();
        }
        try (Dataset dataset = Dataset.open(folder.resolve("d"))) {
            Iterator<PackedBatch> batches = new EvaluationRows(dataset, i -> true, new Packing(3, 5, 99)).iterator();
            PackedBatch batch = batches.next();
            assertArrayEquals(new int[] {11, 12, 13, 26, 27, 21, 22, 23, 24, 25, 31, 99, 99, 99, 99}, Corpus.inputIds(batch));
            assertArrayEquals(new int[] {-100, 13, -100, 27, -100, 22, 23, 24, 25, -100, -100, -100, -100, -100, -100},
                    Corpus.labels(batch));
            assertArrayEquals(new int[] {0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1}, Corpus.segmentIds(batch));
            assertEquals(6, batch.labelled());
            assertEquals(11, batch.unmasked());
            assertArrayEquals(new int[] {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0}, Corpus.ints(batch, batch::copyMask));
            assertEquals(4, batch.padding());
            assertFalse(batches.hasNext());
        }
    }

    @ParameterizedTest
    @CsvSource({"400, 30, 64, 3", "300, 200, 16, 4", "5000, 3, 7, 2", "1, 1000, 10, 8", "60000, 60, 32, 5"})
    void keepsTheRulesAndLosesNoToken(int documents, int maximumLength, int length, int rows) {
        Corpus corpus = Corpus.write(folder.resolve("d"), documents, maximumLength, true, documents);
        Set<Integer> seen = new HashSet<>();
        int padding = 0;
        int positions = 0;
        try (Dataset dataset = Dataset.open(corpus.file())) {
            for (PackedBatch batch : new EvaluationRows(dataset, i -> true, new Packing(rows, length, Corpus.PADDING))) {
                assertEquals(batch.labelled(), IntStream.of(Corpus.labels(batch)).filter(label -> label != -100).count());
                assertEquals(batch.padding(),
                        IntStream.of(Corpus.inputIds(batch)).filter(id -> id == Corpus.PADDING).count());
                for (int row = 0; row < rows; row++) {
                    checkRow(corpus, batch, row, seen);
                }
                padding += batch.padding();
                positions += rows * length;
            }
        }
        assertEquals(corpus.documents().stream().mapToInt(document -> document.length).sum(), seen.size());
        assertEquals(seen.size(), positions - padding);
    }

    @Test
    void fillsRowsOfShortDocumentsAlmostCompletely() {
        Corpus corpus = Corpus.write(folder.resolve("d"), 20_000, 60, false, 1);
        long padding = 0;
        long positions = 0;
        try (Dataset dataset = Dataset.open(corpus.file())) {
            for (PackedBatch batch : new EvaluationRows(dataset, i -> true, new Packing(8, 256, Corpus.PADDING))) {
                padding += batch.padding();
                positions += 8 * 256;
            }
        }
        assertTrue(padding < 0.01 * positions, padding + " of " + positions);
    }

    /** Lengths between a seventh and a half of a row: there is nothing short to fill the gaps with. */
    @Test
    void fillsRowsOfSimilarDocumentsToo() {
        Random random = new Random(4);
        DocumentBatch batch = new DocumentBatch(0, new int[5001], MemorySegment.NULL, Optional.empty());
        RowPacker packer = new RowPacker(1024);
        for (int i = 0; i < 5000; i++) {
            batch.offsets()[i + 1] = batch.offsets()[i] + random.nextInt(150, 512);
            packer.add(batch, i);
        }
        double padding = 1 - batch.offsets()[5000] / (1024.0 * packer.pack().size());
        assertTrue(padding < 0.004, "a share of " + padding);
    }

    @Test
    void passesOverNothing() {
        Corpus corpus = Corpus.write(folder.resolve("d"), 0, 1, false, 1);
        try (Dataset dataset = Dataset.open(corpus.file())) {
            Packing packing = new Packing(1, 8, 0);
            assertFalse(new EvaluationRows(dataset, i -> true, packing).iterator().hasNext());
            assertThrows(DataException.class, () -> new TrainingRows(dataset, i -> true, packing, 1).next());
        }
        assertThrows(DataException.class, () -> new Packing(0, 8, 0));
    }

    @Test
    void splitsCompletelyAndWithoutOverlap() {
        Corpus corpus = Corpus.write(folder.resolve("d"), 10_000, 12, false, 2);
        Split split = new Split(17, 100);
        try (Dataset dataset = Dataset.open(corpus.file())) {
            Packing packing = new Packing(4, 40, Corpus.PADDING);
            Set<Integer> train = tokens(new EvaluationRows(dataset, split::train, packing));
            Set<Integer> heldOut = tokens(new EvaluationRows(dataset, split::heldOut, packing));
            assertEquals(corpus.documents().stream().mapToInt(document -> document.length).sum(),
                    train.size() + heldOut.size());
            for (int document = 0; document < corpus.documents().size(); document++) {
                Set<Integer> side = split.heldOut(document) ? heldOut : train;
                IntStream.of(corpus.documents().get(document)).forEach(token -> assertTrue(side.contains(token)));
            }
        }
        long count = IntStream.range(0, 100_000).filter(split::heldOut).count();
        assertEquals(10_000, count, 400, "a tenth, within four standard deviations");
        assertEquals(0, IntStream.range(0, 1000).filter(new Split(1, 0)::heldOut).count());
        assertEquals(1000, IntStream.range(0, 1000).filter(new Split(1, 1000)::heldOut).count());
        assertThrows(DataException.class, () -> new Split(1, 1001));
        assertArrayEquals(new int[] {12}, IntStream.range(0, 40).filter(split::heldOut).toArray(),
                "a split must never change: held-out documents of old runs would be trained on");
    }

    private static Set<Integer> tokens(Iterable<PackedBatch> batches) {
        Set<Integer> tokens = new HashSet<>();
        for (PackedBatch batch : batches) {
            IntStream.of(Corpus.inputIds(batch)).filter(id -> id != Corpus.PADDING).forEach(tokens::add);
        }
        return tokens;
    }

    /** Checks a row by the rules, position by position, and collects its tokens. */
    static void checkRow(Corpus corpus, PackedBatch batch, int row, Set<Integer> seen) {
        int start = row * batch.length();
        int[] inputIds = Corpus.inputIds(batch);
        int[] labels = Corpus.labels(batch);
        int[] segmentIds = Corpus.segmentIds(batch);
        assertEquals(0, segmentIds[start]);
        for (int t = 0; t < batch.length(); t++) {
            int at = start + t;
            int token = inputIds[at];
            boolean lastOfRow = t + 1 == batch.length();
            boolean sameSegmentNext = !lastOfRow && segmentIds[at] == segmentIds[at + 1];
            if (!lastOfRow && !sameSegmentNext) {
                assertEquals(segmentIds[at] + 1, segmentIds[at + 1]);
            }
            if (token == Corpus.PADDING) {
                assertEquals(-100, labels[at]);
                assertTrue(lastOfRow || sameSegmentNext && inputIds[at + 1] == Corpus.PADDING);
                continue;
            }
            assertTrue(seen.add(token), "token " + token + " comes twice");
            int document = corpus.documentOf(token);
            int[] ids = corpus.documents().get(document);
            int offset = token - ids[0];
            if (sameSegmentNext) {
                // The same piece goes on: the next token follows in its document, and its label is learned here.
                assertEquals(token + 1, inputIds[at + 1]);
                assertEquals(document, corpus.documentOf(token + 1));
                assertEquals(corpus.labels().get(document)[offset + 1], labels[at]);
            } else {
                assertEquals(-100, labels[at]);
                boolean endOfDocument = offset + 1 == ids.length;
                boolean endOfPiece = (offset + 1) % batch.length() == 0;
                assertTrue(endOfDocument || endOfPiece, "a document is cut only where a row's length ends");
            }
        }
    }
}
