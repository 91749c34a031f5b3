package dev.wuneng.data.pack;

import dev.wuneng.data.DataException;
import dev.wuneng.data.Dataset;
import dev.wuneng.data.arrow.DocumentBatch;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.LongPredicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A dataset in windows of a few record batches, each packed on its own.
 *
 * <p>A window is what is held in memory, what documents are shuffled within, and what a resumed run reads again. Its
 * rows depend on the dataset and the arguments alone.
 */
final class Windows {

    // 8 batches of about 1 MiB: enough documents to shuffle, little to read again, few half-empty rows at its end.
    private static final int BATCHES = 8;

    private final Dataset dataset;
    private final LongPredicate selected;
    private final int length;

    Windows(Dataset dataset, LongPredicate selected, int length) {
        this.dataset = dataset;
        this.selected = selected;
        this.length = length;
    }

    /** How many windows a worker has in an epoch: the same number in each. */
    int count(Worker worker) {
        int batches = (dataset.batches() - worker.rank() + worker.world() - 1) / worker.world();
        if (worker.world() > Math.max(1, dataset.batches())) {
            throw new DataException("The documents of " + dataset.path() + " are only " + dataset.batches()
                    + " record batches, too few for " + worker.world() + " workers: tokenize more text or use fewer workers.");
        }
        return Math.ceilDiv(batches, BATCHES);
    }

    /** The rows of a window in the dataset's order of batches. */
    List<List<Piece>> inOrder(int window) {
        return pack(documents(batchesInOrder(), window));
    }

    /**
     * The rows of a worker's window where the batches are permuted by epoch over all files, and the documents within the
     * window.
     */
    List<List<Piece>> shuffled(int window, Worker worker, long seed, int epoch) {
        List<Integer> batches = batchesInOrder();
        Collections.shuffle(batches, new Random(Hash.of(seed, epoch)));
        List<Integer> own = IntStream.iterate(worker.rank(), i -> i < batches.size(), i -> i + worker.world())
                .mapToObj(batches::get).toList();
        List<Document> documents = documents(own, window);
        Collections.shuffle(documents, new Random(Hash.of(seed, epoch, worker.rank(), window)));
        return pack(documents);
    }

    private List<Integer> batchesInOrder() {
        return IntStream.range(0, dataset.batches()).boxed().collect(Collectors.toCollection(ArrayList::new));
    }

    private List<Document> documents(List<Integer> batches, int window) {
        List<Document> documents = new ArrayList<>();
        for (int number : batches.subList(window * BATCHES, Math.min((window + 1) * BATCHES, batches.size()))) {
            DocumentBatch batch = dataset.batch(number);
            for (int i = 0; i < batch.documents(); i++) {
                if (selected.test(batch.firstDocument() + i)) {
                    documents.add(new Document(batch, i));
                }
            }
        }
        return documents;
    }

    private List<List<Piece>> pack(List<Document> documents) {
        RowPacker packer = new RowPacker(length);
        documents.forEach(document -> packer.add(document.batch(), document.index()));
        return packer.pack();
    }

    private record Document(DocumentBatch batch, int index) {
    }
}
