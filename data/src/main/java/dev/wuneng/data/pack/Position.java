package dev.wuneng.data.pack;

import dev.wuneng.data.DataException;

/**
 * Where a pass over the data stands: what a checkpoint keeps to read on from. It means something only together with the
 * same file, split, packing and seed.
 *
 * @param epoch  full passes done
 * @param window windows done in this pass
 * @param row    rows taken out of this window
 */
public record Position(int epoch, int window, int row) {

    public static final Position START = new Position(0, 0, 0);

    public Position {
        if (epoch < 0 || window < 0 || row < 0) {
            throw new DataException("The saved data position (epoch " + epoch + ", window " + window + ", row " + row
                    + ") is damaged: resume from another checkpoint.");
        }
    }
}
