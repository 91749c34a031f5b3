package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.HostForm;
import dev.wuneng.kernels.run.Scratch;
import dev.wuneng.kernels.run.View;
import java.util.Arrays;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * What the three passes of attention share. Each goes through the matrix of scores in the same way: an item is a block of rows on one axis
 * (queries, or keys) of all heads that share a key head; the other axis is walked in spans, packed once for the block, and tiles of
 * {@link Tile#ROWS} rows times a span are computed and used at once:
 *
 * <pre>
 *                   span 0   span 1   span 2
 *   block   tile 0  ▓▓▓▓▓▓▓▓ ▓░
 *           tile 1  ░░▓▓▓▓▓▓ ▓▓▓▓░             ▓ attended   ░ computed and masked   blank: left out
 *             ⋮        ░▓▓▓▓ ▓▓▓▓▓▓▓░
 * </pre>
 *
 * <p>Every row attends one range of columns (first…r of a query r, j…last of a key j). Of a span a tile computes the columns {@code low} to
 * {@code high - 1} that any of its rows attends, and those that share a panel with them.
 */
abstract class AttentionHost implements HostBody {
    /** Rows of all heads of an item: enough to pay for packing the spans, few enough for the second-level cache. */
    private static final int ROWS = 64 * Tile.ROWS;
    private static final int LEAST_ROWS = 16 * Tile.ROWS;
    static final int SPAN = 128;

    final int rows;
    final int heads;
    final int kvHeads;
    final int headSize;
    /** Query heads that read the same key head. */
    final int shared;
    /** The head size in whole panels. */
    final int padded;
    final float scale;
    /** Rows an item. */
    final int blockRows;
    private final boolean rowsAreQueries;
    private final int zeros;
    private int memory;

    /** @param queries whether rows are queries, or keys */
    AttentionHost(boolean queries, int rows, int heads, int kvHeads, int headSize) {
        this.rowsAreQueries = queries;
        this.rows = rows;
        this.heads = heads;
        this.kvHeads = kvHeads;
        this.headSize = headSize;
        shared = heads / kvHeads;
        padded = (headSize + Tile.WIDEST - 1) / Tile.WIDEST * Tile.WIDEST;
        scale = (float) (1 / Math.sqrt(headSize));
        zeros = reserve(Tile.WIDEST);
        blockRows = queries ? Math.max(ROWS / shared / Tile.ROWS * Tile.ROWS, LEAST_ROWS) : ROWS;
    }

    public HostForm form() {
        return new HostForm(blocks() * kvHeads, this);
    }

    private int blocks() {
        return (rows + blockRows - 1) / blockRows;
    }

    /** Reserves a part of the scratch memory. */
    final int reserve(int floats) {
        memory += floats;
        return memory - floats;
    }

    @Override
    public void run(int from, int to, int[] at, Scratch scratch) {
        float[] s = scratch.floats(memory);
        zero(s, zeros, Tile.WIDEST);
        for (int item = from; item < to; item++) {
            // The last queries and the first keys have most to do, and are begun first.
            int top = (rowsAreQueries ? blocks() - 1 - item / kvHeads : item / kvHeads) * blockRows;
            block(top, Math.min(rows, top + blockRows), item % kvHeads, at, s);
        }
    }

    /** Computes rows {@code top} to {@code bottom - 1} of the heads that share a key head. */
    abstract void block(int top, int bottom, int kvHead, int[] at, float[] s);

    /** Packs [bottom − top, headSize] of one head as the rows of tiles. */
    final void packRows(View view, int at, int stride, int head, int top, int bottom, float[] s, int to) {
        Packing.rows(view.segment(), element(at, stride, head, top), stride * headSize, bottom - top, headSize, s, to, headSize);
    }

    /** Packs a span of one head, to be multiplied with rows of head size. */
    final void packAcross(View view, int at, int stride, int head, int span, int count, float[] s, int to, int scratch) {
        Packing.panelsTransposed(view.segment(), element(at, stride, head, span), stride * headSize, count, headSize, s, to, scratch);
    }

    /** Packs a span of one head, to be multiplied with rows of the span. */
    final void packDown(View view, int at, int stride, int head, int span, int count, float[] s, int to) {
        Packing.panels(view.segment(), element(at, stride, head, span), stride * headSize, headSize, count, s, to);
    }

    final long element(int at, int stride, int head, int row) {
        return at + ((long) row * stride + head) * headSize;
    }

    /** c = rows · a span packed across, columns {@code low} to {@code high - 1} and those that share a panel with them. */
    final void across(float[] s, int a, int span, int c, int low, int high) {
        for (int j = low / Tile.COLUMNS * Tile.COLUMNS; j < high; j += Tile.COLUMNS) {
            Tile.multiply(s, a, headSize, 1, span + j * headSize, zeros, 0, c + j, SPAN, headSize);
        }
    }

    /** c += columns {@code low} to {@code high - 1} of a tile · a span of {@code count} packed down. */
    final void down(float[] s, int tile, int span, int count, int c, int low, int high) {
        for (int j = 0; j < padded; j += Tile.COLUMNS) {
            Tile.multiply(s, tile + low, SPAN, 1, span + j * count + low * Tile.COLUMNS, c + j, padded, c + j, padded, high - low);
        }
    }

    static void zero(float[] s, int from, int size) {
        Arrays.fill(s, from, from + size, 0f);
    }

    /** The least of the bounds of rows {@code top} to {@code bottom - 1}. */
    static int least(IntArray bounds, int at, int top, int bottom) {
        int least = bounds.get(at + top);
        for (int r = top + 1; r < bottom; r++) {
            least = Math.min(least, bounds.get(at + r));
        }
        return least;
    }

    static int greatest(IntArray bounds, int at, int top, int bottom) {
        int greatest = bounds.get(at + top);
        for (int r = top + 1; r < bottom; r++) {
            greatest = Math.max(greatest, bounds.get(at + r));
        }
        return greatest;
    }
}
