package dev.wuneng.kernels.host;

import dev.wuneng.kernels.host.GemmHost.Matrix;
import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.HostForm;
import dev.wuneng.kernels.run.Scratch;
import java.lang.foreign.MemorySegment;

/**
 * Sums over many rows that make small matrices, y_p [m, n] += a_pᵀ b_p with a_p [k, m] and b_p [k, n]: the gradients of {@link LongGemmHost}'s weights. The
 * a_p lie side by side in rows, and so do the b_p. An item is as many rows of a y_p as a tile has. Items that follow each other are computed together: they
 * keep their sums in thread memory while all rows of a and b go by, {@link #DEPTH} at a time, read once from one end to the other:
 *
 * <pre>
 *   a  ▒▒▒▒▓▓▓▓    b  ▒▒▒▒▒▒▓▓▓▓▓▓       y of product 0   y of product 1
 *      ▒▒▒▒▓▓▓▓       ▒▒▒▒▒▒▓▓▓▓▓▓  DEPTH   ▒▒▒▒▒▒  item     ▓▓▓▓▓▓  item
 *      ········       ············          ▒▒▒▒▒▒  item     ▓▓▓▓▓▓  item
 *          ⋮               ⋮
 * </pre>
 */
final class DeepGemmHost implements HostBody {
    /** The most elements of a y, and of all. Blocks of {@link GemmHost} suit larger ones. */
    private static final int SMALL = 16 * 1024;
    private static final int ALL_SMALL = 64 * 1024;
    /** Rows of a and b at a time. */
    private static final int DEPTH = 64;

    private final int products;
    private final Matrix a;
    private final Matrix b;
    private final Matrix y;
    private final int m;
    private final int n;
    private final int k;
    /** Items a product. */
    private final int strips;

    /** The form of a launch with the views a, b, another one, y. */
    DeepGemmHost(int products, Matrix a, Matrix b, Matrix y, int m, int n, int k) {
        this.products = products;
        this.a = a;
        this.b = b;
        this.y = y;
        this.m = m;
        this.n = n;
        this.k = k;
        strips = (m + Tile.ROWS - 1) / Tile.ROWS;
    }

    static boolean suits(int products, int m, int n, int k) {
        return n % Tile.COLUMNS == 0 && m % Tile.LANES == 0 && k >= 2 * DEPTH && m * n <= SMALL && (long) products * m * n <= ALL_SMALL;
    }

    /** Every part packs all of its b, so there are few. */
    HostForm form() {
        return new HostForm(products * strips, this, true);
    }

    @Override
    public void run(int from, int to, int[] at, Scratch scratch) {
        int first = from / strips;
        int several = (to - 1) / strips - first + 1;
        int left = column(from) / Tile.LANES * Tile.LANES;
        int width = Lanes.roundUp(column(to - 1) + Tile.ROWS - left);
        int sums = 0;
        int rows = sums + (to - from) * Tile.ROWS * n;
        int panels = rows + DEPTH * width;
        float[] s = scratch.floats(panels + DEPTH * several * n);
        move(from, to, at[3], s, sums, false);
        for (int l = 0; l < k; l += DEPTH) {
            int depth = Math.min(DEPTH, k - l);
            // The last item's tile may be wider than a.
            int real = Math.min(width, products * m - left);
            Packing.rows(a.view().segment(), at[0] + (long) l * products * m + left, products * m, depth, real, s, rows, width);
            for (int i = 0; i < depth; i++) {
                panels(b.view().segment(), at[1] + ((l + i) * products + first) * n, several * n, s, panels + i * Tile.COLUMNS);
            }
            for (int item = from; item < to; item++) {
                int factor = panels + (item / strips - first) * n * DEPTH;
                for (int j = 0; j < n; j += Tile.COLUMNS) {
                    int c = sums + (item - from) * Tile.ROWS * n + j;
                    Tile.multiply(s, rows + column(item) - left, 1, width, factor + j * DEPTH, c, n, c, n, depth);
                }
            }
        }
        move(from, to, at[3], s, sums, true);
    }

    /** The column of a that an item begins with. */
    private int column(int item) {
        return item / strips * m + item % strips * Tile.ROWS;
    }

    /** Deals a row of b out to the panels, {@link #DEPTH} rows each. */
    private static void panels(MemorySegment from, int element, int size, float[] s, int to) {
        for (int j = 0; j < size; j += Tile.COLUMNS) {
            Lanes.store(Lanes.load(from, element + j), s, to + j * DEPTH);
            Lanes.store(Lanes.load(from, element + j + Tile.LANES), s, to + j * DEPTH + Tile.LANES);
        }
    }

    /** Reads the items' rows of y into thread memory, or writes them back. */
    private void move(int from, int to, int y0, float[] s, int sums, boolean back) {
        MemorySegment ys = y.view().segment();
        for (int item = from; item < to; item++) {
            int top = item % strips * Tile.ROWS;
            for (int i = 0; i < Math.min(Tile.ROWS, m - top); i++) {
                int element = y0 + item / strips * y.step() + (top + i) * y.ld();
                int sum = sums + ((item - from) * Tile.ROWS + i) * n;
                if (back) {
                    Lanes.write(s, sum, ys, element, n);
                } else {
                    Lanes.read(ys, element, s, sum, n, 0f);
                }
            }
        }
    }
}
