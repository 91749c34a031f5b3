package dev.wuneng.data.pack;

import java.util.Collections;
import java.util.List;

/**
 * Where training stands in the data: what a checkpoint keeps to read on from. It means something only together with the
 * same files, weights, split, packing, seed and worker.
 *
 * @param places where each dataset stands
 */
public record Position(List<Place> places) {

    /**
     * Where a pass over a dataset stands.
     *
     * @param epoch  full passes done
     * @param window windows done in this pass
     * @param row    rows taken out of this window
     * @param rows   rows taken in all
     */
    public record Place(int epoch, int window, int row, long rows) {

        static final Place START = new Place(0, 0, 0, 0);

        boolean isSound() {
            return epoch >= 0 && window >= 0 && row >= 0 && rows >= 0;
        }

        Place nextRow() {
            return new Place(epoch, window, row + 1, rows + 1);
        }

        Place nextWindow(int windows) {
            return window + 1 < windows ? new Place(epoch, window + 1, 0, rows) : new Place(epoch + 1, 0, 0, rows);
        }
    }

    static Position start(int datasets) {
        return new Position(Collections.nCopies(datasets, Place.START));
    }
}
