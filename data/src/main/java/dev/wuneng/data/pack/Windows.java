package dev.wuneng.data.pack;

import dev.wuneng.data.arrow.DocumentBatch;
import dev.wuneng.data.arrow.DocumentReader;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.LongPredicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A document file in windows of a few record batches, each packed on its own.
 *
 * <p>A window is what is held in memory, what documents are shuffled within, and what a resumed run reads again. Its
 * rows depend on the file and the arguments alone.
 */
final class Windows {

    // 8 batches of about 1 MiB: enough documents to shuffle, little to read again, few half-empty rows at its end.
    private static final int BATCHES = 8;

    private final DocumentReader reader;
    private final LongPredicate selected;
    private final int length;

    Windows(DocumentReader reader, LongPredicate selected, int length) {
        this.reader = reader;
        this.selected = selected;
        this.length = length;
    }

    int count() {
        return Math.ceilDiv(reader.batches(), BATCHES);
    }

    /** The rows of a window in the file's order. */
    List<List<Piece>> inOrder(int window) {
        return pack(documents(batchesInOrder(), window));
    }

    /** The rows of a window where the batches are permuted by epoch, and the documents within the window. */
    List<List<Piece>> shuffled(int window, long seed, int epoch) {
        List<Integer> batches = batchesInOrder();
        Collections.shuffle(batches, new Random(Hash.of(seed, epoch)));
        List<Document> documents = documents(batches, window);
        Collections.shuffle(documents, new Random(Hash.of(seed, epoch, window)));
        return pack(documents);
    }

    private List<Integer> batchesInOrder() {
        return IntStream.range(0, reader.batches()).boxed().collect(Collectors.toCollection(ArrayList::new));
    }

    private List<Document> documents(List<Integer> batches, int window) {
        List<Document> documents = new ArrayList<>();
        for (int number : batches.subList(window * BATCHES, Math.min((window + 1) * BATCHES, batches.size()))) {
            DocumentBatch batch = reader.batch(number);
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
        return packer.finish();
    }

    private record Document(DocumentBatch batch, int index) {
    }
}
