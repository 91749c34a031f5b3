package dev.wuneng.data.pack;

import dev.wuneng.data.DataException;
import dev.wuneng.data.Dataset;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongPredicate;
import java.util.stream.IntStream;

/**
 * Batches for training without end, of one dataset or of several mixed by weight.
 *
 * <p>Per epoch of a dataset its record batches are permuted, and documents are shuffled within windows of several
 * batches. The order follows from (seed, epoch) alone; {@link #position()} and {@link #seek} let a later run read on as
 * if it had never stopped. Rows run on from window to window and epoch to epoch, so every batch is full. Every epoch
 * brings each selected token exactly once, to one worker. Memory is bounded by two windows of each dataset.
 */
public final class TrainingRows {

    private final List<Share> shares;
    private final List<ShuffledRows> datasets;
    private final double weights;
    private final Packing packing;

    /**
     * Rows of a single dataset for a single worker.
     *
     * @param selected which documents to read, by number: mostly {@code split::train}
     * @param seed     chooses the order
     */
    public TrainingRows(Dataset documents, LongPredicate selected, Packing packing, long seed) {
        this(List.of(new Share(documents, 1)), selected, packing, seed, Worker.ALONE);
    }

    /**
     * @param shares   the datasets, each with its weight
     * @param selected which documents of each to read, by number: mostly {@code split::train}
     * @param seed     chooses the order
     * @throws DataException if datasets are of different tokenizers, or one is too small for so many workers
     */
    public TrainingRows(List<Share> shares, LongPredicate selected, Packing packing, long seed, Worker worker) {
        this.shares = List.copyOf(shares);
        this.packing = packing;
        checkTokenizers();
        weights = shares.stream().mapToDouble(Share::weight).sum();
        datasets = IntStream.range(0, shares.size()).mapToObj(i -> new ShuffledRows(shares.get(i).documents(), selected,
                packing.length(), Hash.of(seed, i), worker)).toList();
    }

    /**
     * The next batch.
     *
     * @throws DataException if a file is damaged, no document is selected, or the position is not of this data
     */
    public PackedBatch next() {
        List<List<Piece>> batch = new ArrayList<>();
        while (batch.size() < packing.rows()) {
            batch.add(mostBehind().next());
        }
        return new PackedBatch(packing, batch);
    }

    /** Where the next batch begins. */
    public Position position() {
        return new Position(datasets.stream().map(ShuffledRows::place).toList());
    }

    /**
     * Makes the next batch begin where {@link #position()} once said.
     *
     * @throws DataException if the position is of another number of datasets
     */
    public void seek(Position position) {
        if (position.places() == null || position.places().size() != datasets.size()) {
            throw new DataException("The saved data position " + position + " is not one of " + datasets.size()
                    + " datasets: resume with the data and settings that the run began with.");
        }
        for (int i = 0; i < datasets.size(); i++) {
            datasets.get(i).seek(position.places().get(i));
        }
    }

    /** How long {@link #next} has waited for the disk and for packing, which go on in other threads meanwhile. */
    public double secondsWaited() {
        return datasets.stream().mapToDouble(ShuffledRows::secondsWaited).sum();
    }

    /** The dataset that has given the fewest rows for its weight. */
    private ShuffledRows mostBehind() {
        long next = 1 + datasets.stream().mapToLong(rows -> rows.place().rows()).sum();
        int most = 0;
        double behind = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < datasets.size(); i++) {
            double missing = shares.get(i).weight() / weights * next - datasets.get(i).place().rows();
            if (missing > behind) {
                behind = missing;
                most = i;
            }
        }
        return datasets.get(most);
    }

    private void checkTokenizers() {
        Dataset first = shares.getFirst().documents();
        for (Share share : shares) {
            if (!share.documents().metadata().tokenizerHash().equals(first.metadata().tokenizerHash())) {
                throw new DataException("The documents of " + share.documents().path() + " were made by another tokenizer than those of "
                        + first.path() + ": tokenize both with the model's own.");
            }
        }
    }
}
