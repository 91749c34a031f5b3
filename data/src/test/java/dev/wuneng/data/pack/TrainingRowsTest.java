package dev.wuneng.data.pack;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.data.DataException;
import dev.wuneng.data.Dataset;
import dev.wuneng.data.pack.Position.Place;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongPredicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Endless, shuffled, resumable reading. */
class TrainingRowsTest {

    private static final Packing PACKING = new Packing(8, 64, Corpus.PADDING);
    private static final long SEED = 5;
    private static final LongPredicate ALL = document -> true;

    @TempDir
    private static Path folder;
    // 15 record batches: two windows.
    private static Corpus corpus;
    private static Dataset dataset;

    @BeforeAll
    static void write() {
        corpus = Corpus.write(folder.resolve("d"), 15 * 4096 - 100, 20, true, 11);
        dataset = Dataset.open(corpus.file());
    }

    @AfterAll
    static void close() {
        dataset.close();
    }

    @Test
    void everyEpochBringsEveryTokenOnceInAnotherOrder() {
        TrainingRows rows = new TrainingRows(dataset, ALL, PACKING, SEED);
        long tokens = dataset.metadata().tokens();
        List<Integer> order = new ArrayList<>();
        while (order.size() < 2 * tokens) {
            PackedBatch batch = rows.next();
            Arrays.stream(Corpus.inputIds(batch)).filter(id -> id != Corpus.PADDING).forEach(order::add);
        }
        List<Integer> first = order.subList(0, (int) tokens);
        List<Integer> second = order.subList((int) tokens, (int) (2 * tokens));
        assertEquals(tokens, new HashSet<>(first).size());
        assertEquals(tokens, new HashSet<>(second).size());
        assertNotEquals(first, second);
        // Shuffled for good: neighbours in a row are of documents far apart.
        long near = 0;
        for (int i = 1; i < 10_000; i++) {
            int distance = Math.abs(corpus.documentOf(first.get(i)) - corpus.documentOf(first.get(i - 1)));
            near += distance > 0 && distance < 100 ? 1 : 0;
        }
        assertTrue(near < 50, near + " of 10000");
        assertEquals(2, rows.position().places().getFirst().epoch());
    }

    @Test
    void keepsTheRulesOfARow() {
        TrainingRows rows = new TrainingRows(dataset, ALL, PACKING, SEED);
        Set<Integer> seen = new HashSet<>();
        for (int i = 0; i < 300; i++) {
            PackedBatch batch = rows.next();
            for (int row = 0; row < batch.rows(); row++) {
                PackingTest.checkRow(corpus, batch, row, seen);
            }
        }
    }

    @Test
    void readsOnFromASavedPositionAsIfItHadNeverStopped() {
        Split split = new Split(3, 900);
        TrainingRows whole = new TrainingRows(dataset, split::train, PACKING, SEED);
        List<Position> positions = new ArrayList<>();
        List<PackedBatch> batches = new ArrayList<>();
        // Several epochs of a tenth of the documents, two windows each.
        for (int i = 0; i < 400; i++) {
            positions.add(whole.position());
            batches.add(whole.next());
        }
        assertTrue(whole.position().places().getFirst().epoch() >= 2, "the test crosses windows and epochs");
        for (int from = 0; from < 400; from += 23) {
            TrainingRows resumed = new TrainingRows(dataset, split::train, PACKING, SEED);
            resumed.seek(positions.get(from));
            for (int i = from; i < Math.min(400, from + 60); i++) {
                PackedBatch batch = resumed.next();
                assertArrayEquals(Corpus.inputIds(batches.get(i)), Corpus.inputIds(batch));
                assertArrayEquals(Corpus.labels(batches.get(i)), Corpus.labels(batch));
                assertArrayEquals(Corpus.segmentIds(batches.get(i)), Corpus.segmentIds(batch));
            }
        }
    }

    @Test
    void theOrderFollowsFromTheSeed() {
        int[] first = Corpus.inputIds(new TrainingRows(dataset, ALL, PACKING, SEED).next());
        assertArrayEquals(first, Corpus.inputIds(new TrainingRows(dataset, ALL, PACKING, SEED).next()));
        assertFalse(Arrays.equals(first, Corpus.inputIds(new TrainingRows(dataset, ALL, PACKING, SEED + 1).next())));
    }

    @Test
    void refusesWhatItCannotRead() {
        TrainingRows nothing = new TrainingRows(dataset, document -> false, PACKING, SEED);
        assertTrue(assertThrows(DataException.class, nothing::next).getMessage().contains("held out"));
        TrainingRows rows = new TrainingRows(dataset, ALL, PACKING, SEED);
        for (Place wrong : List.of(new Place(0, 2, 0, 0), new Place(0, 1, 1 << 20, 0), new Place(0, 0, -1, 0))) {
            rows.seek(new Position(List.of(wrong)));
            DataException e = assertThrows(DataException.class, rows::next);
            assertTrue(e.getMessage().contains(wrong.toString()), e.getMessage());
        }
        assertThrows(DataException.class, () -> rows.seek(new Position(List.of())));
        assertThrows(DataException.class, () -> rows.seek(new Position(null)));
    }

    @Test
    void passesByAWindowWithoutSelectedDocuments() {
        TrainingRows rows = new TrainingRows(dataset, document -> document == 7, PACKING, SEED);
        int[] document = corpus.documents().get(7);
        PackedBatch batch = rows.next();
        for (int row = 0; row < PACKING.rows(); row++) {
            assertArrayEquals(document, Arrays.copyOfRange(Corpus.inputIds(batch), row * 64, row * 64 + document.length));
        }
        assertEquals(7, rows.position().places().getFirst().epoch(), "a row an epoch");
    }
}
