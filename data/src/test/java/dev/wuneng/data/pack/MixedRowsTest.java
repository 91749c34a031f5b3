package dev.wuneng.data.pack;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.data.DataException;
import dev.wuneng.data.Dataset;
import dev.wuneng.data.arrow.DocumentWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Several datasets and several workers. */
class MixedRowsTest {

    private static final Packing PACKING = new Packing(4, 64, Corpus.PADDING);

    @TempDir
    private Path folder;

    @Test
    void mixesByWeightAndReadsOnFromAnyPosition() {
        Corpus small = Corpus.write(folder.resolve("small"), 700, 30, true, 1);
        Corpus large = Corpus.write(folder.resolve("large"), 9000, 30, false, 2);
        try (Dataset first = Dataset.open(small.file()); Dataset second = Dataset.open(large.file())) {
            List<Share> shares = List.of(new Share(first, 1), new Share(second, 2.5));
            TrainingRows rows = new TrainingRows(shares, i -> true, PACKING, 3, Worker.ALONE);
            List<Position> positions = new ArrayList<>();
            List<PackedBatch> batches = new ArrayList<>();
            for (int i = 0; i < 300; i++) {
                positions.add(rows.position());
                batches.add(rows.next());
                long taken = rows.position().places().getFirst().rows();
                assertEquals((i + 1) * PACKING.rows() / 3.5, taken, 1.0, "the weights hold all along");
            }
            assertTrue(rows.position().places().getFirst().epoch() > 0, "the small one is repeated");
            for (int from = 0; from < 300; from += 37) {
                TrainingRows resumed = new TrainingRows(shares, i -> true, PACKING, 3, Worker.ALONE);
                resumed.seek(positions.get(from));
                for (int i = from; i < 300; i++) {
                    assertArrayEquals(Corpus.inputIds(batches.get(i)), Corpus.inputIds(resumed.next()));
                }
            }
            assertTrue(rows.secondsWaited() > 0);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7})
    void workersShareEveryEpochDisjointlyAndCompletely(int world) {
        Corpus corpus = Corpus.write(folder.resolve("d"), 40_000, 12, true, world);
        long tokens = corpus.documents().stream().mapToLong(document -> document.length).sum();
        try (Dataset dataset = Dataset.open(corpus.file())) {
            List<Set<Integer>> parts = new ArrayList<>();
            for (int epoch = 0; epoch < 2; epoch++) {
                Set<Integer> seen = new HashSet<>();
                for (int rank = 0; rank < world; rank++) {
                    Set<Integer> own = epoch(dataset, new Worker(rank, world), epoch);
                    own.forEach(token -> assertTrue(seen.add(token), "read by two workers"));
                    parts.add(own);
                }
                assertEquals(tokens, seen.size());
            }
            if (world > 1) {
                assertNotEquals(parts.getFirst(), parts.get(world), "another epoch, other documents");
            }
        }
    }

    private static Set<Integer> epoch(Dataset dataset, Worker worker, int epoch) {
        Set<Integer> tokens = new HashSet<>();
        // A row a batch: an epoch need not end with a batch of several.
        TrainingRows rows = new TrainingRows(List.of(new Share(dataset, 1)), i -> true, new Packing(1, 64, Corpus.PADDING), 9, worker);
        rows.seek(new Position(List.of(new Position.Place(epoch, 0, 0, 0))));
        while (true) {
            PackedBatch batch = rows.next();
            // The row that follows the epoch's last is of the next epoch.
            if (rows.position().places().getFirst().epoch() > epoch) {
                return tokens;
            }
            IntStream.of(Corpus.inputIds(batch)).filter(id -> id != Corpus.PADDING).forEach(id -> assertTrue(tokens.add(id), "repeated"));
        }
    }

    @Test
    void refusesWhatDoesNotFitTogether() {
        Corpus corpus = Corpus.write(folder.resolve("d"), 100, 12, false, 1);
        try (DocumentWriter writer = new DocumentWriter(folder.resolve("other"), "other", 100, false)) {
            writer.add(new int[] {1, 2});
            writer.finish();
        }
        try (Dataset dataset = Dataset.open(corpus.file()); Dataset other = Dataset.open(folder.resolve("other"))) {
            assertThrows(DataException.class, () -> new Share(dataset, 0));
            assertThrows(DataException.class, () -> new Worker(2, 2));
            assertComplaint("too few for 2 workers", List.of(new Share(dataset, 1)), new Worker(0, 2), new Worker(1, 2));
            assertComplaint("another tokenizer", List.of(new Share(dataset, 1), new Share(other, 1)), Worker.ALONE);
        }
    }

    private static void assertComplaint(String complaint, List<Share> shares, Worker... workers) {
        for (Worker worker : workers) {
            DataException e = assertThrows(DataException.class, () -> new TrainingRows(shares, i -> true, PACKING, 1, worker));
            assertTrue(e.getMessage().contains(complaint), e.getMessage());
        }
    }
}
