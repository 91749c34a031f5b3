package dev.wuneng.data.pack;

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
}
