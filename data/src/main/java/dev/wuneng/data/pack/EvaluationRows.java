package dev.wuneng.data.pack;

import dev.wuneng.data.Dataset;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.LongPredicate;

/**
 * Batches for evaluation: each iterator is one pass over the selected documents in the dataset's order of windows.
 *
 * <p>Every selected token comes exactly once. The last batch has the same shape as all others; rows without documents
 * are padding. Memory is bounded by one window.
 */
public final class EvaluationRows implements Iterable<PackedBatch> {

    private final Windows windows;
    private final Packing packing;

    /**
     * @param documents stay open as long as rows are read, and belong to the caller
     * @param selected  which documents to read, by number: mostly {@code split::heldOut}
     */
    public EvaluationRows(Dataset documents, LongPredicate selected, Packing packing) {
        windows = new Windows(documents, selected, packing.length());
        this.packing = packing;
    }

    @Override
    public Iterator<PackedBatch> iterator() {
        return new Pass();
    }

    private final class Pass implements Iterator<PackedBatch> {

        private int window;
        private Iterator<List<Piece>> rows = List.<List<Piece>>of().iterator();

        @Override
        public boolean hasNext() {
            while (!rows.hasNext() && window < windows.count(Worker.ALONE)) {
                rows = windows.inOrder(window++).iterator();
            }
            return rows.hasNext();
        }

        @Override
        public PackedBatch next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            List<List<Piece>> batch = new ArrayList<>();
            while (batch.size() < packing.rows() && hasNext()) {
                batch.add(rows.next());
            }
            return new PackedBatch(packing, batch);
        }
    }
}
