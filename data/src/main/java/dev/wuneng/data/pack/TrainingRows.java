package dev.wuneng.data.pack;

import dev.wuneng.data.DataException;
import dev.wuneng.data.arrow.DocumentReader;
import java.util.List;
import java.util.function.LongPredicate;

/**
 * Batches for training: epoch after epoch without end, each in another order.
 *
 * <p>Per epoch the file's record batches are permuted, and documents are shuffled within windows of several batches.
 * The order follows from (seed, epoch) alone; {@link #position()} and {@link #seek} let a later run read on as if it
 * had never stopped. Rows run on from window to window and epoch to epoch, so every batch is full. Every epoch brings
 * each selected token exactly once. Memory is bounded by one window.
 */
public final class TrainingRows {

    private final Windows windows;
    private final Packing packing;
    private final long seed;
    private Position position = Position.START;
    // The rows of the window that the position stands in; null until they are needed.
    private List<List<Piece>> rows;

    /**
     * @param reader   the documents; stays open as long as rows are read, and belongs to the caller
     * @param selected which documents to read, by index in the file: mostly {@code split::train}
     * @param seed     chooses the order
     */
    public TrainingRows(DocumentReader reader, LongPredicate selected, Packing packing, long seed) {
        windows = new Windows(reader, selected, packing.length());
        this.packing = packing;
        this.seed = seed;
    }

    /**
     * The next batch.
     *
     * @throws DataException if the file is damaged, no document is selected, or the position is not of this data
     */
    public PackedBatch next() {
        BatchBuilder batch = new BatchBuilder(packing);
        while (!batch.isFull()) {
            findRow();
            batch.add(rows.get(position.row()));
            position = new Position(position.epoch(), position.window(), position.row() + 1);
        }
        return batch.build();
    }

    /** Where the next batch begins. */
    public Position position() {
        return position;
    }

    /** Makes the next batch begin where {@link #position()} once said. */
    public void seek(Position position) {
        this.position = position;
        rows = null;
    }

    /** Goes on until the position is that of an existing row. */
    private void findRow() {
        if (rows == null) {
            load();
        }
        // One window may hold no selected document; if none of a whole epoch does, there is nothing to train on.
        for (int empty = 0; position.row() == rows.size(); empty++) {
            if (empty > windows.count()) {
                throw nothingSelected();
            }
            boolean last = position.window() + 1 == windows.count();
            position = new Position(position.epoch() + (last ? 1 : 0), last ? 0 : position.window() + 1, 0);
            load();
        }
    }

    private void load() {
        if (windows.count() == 0) {
            throw nothingSelected();
        }
        if (position.window() < windows.count()) {
            rows = windows.shuffled(position.window(), seed, position.epoch());
        }
        if (position.window() >= windows.count() || position.row() > rows.size()) {
            throw new DataException("The saved data position " + position
                    + " does not exist: resume with the data file and settings that the run began with.");
        }
    }

    private static DataException nothingSelected() {
        return new DataException("There is no document to train on, as the document file is empty or all of it is held "
                + "out: tokenize more text or hold out less.");
    }
}
