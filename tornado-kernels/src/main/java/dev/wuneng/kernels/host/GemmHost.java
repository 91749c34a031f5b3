package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.Buffer.Type;
import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.HostForm;
import dev.wuneng.kernels.run.Scratch;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Matrix products of row-major matrices, y [m, n] (+)= a b, where a or b may be stored transposed.
 *
 * <p>One item is a block of y. Items that follow each other down a column of blocks are computed together, so b is packed once for them:
 *
 * <pre>
 *                            ┌─ columns of the block ─┐
 *                      KC ───┤ b, packed: panels      │
 *                            └────────────────────────┘
 *        ┌─ KC ─┐            ┌────────────────────────┐
 *   CHUNK│ a,   │            │ y: tiles of 6 rows and │
 *    rows│packed│            │ 2 vectors, computed in │
 *        └──────┘            │ registers              │
 *           ⋮                └────────────────────────┘
 *
 *   for each KC of k:  pack b;  for each CHUNK of rows:  pack a;  for each panel of b:  for each 6 rows of a:  tile
 * </pre>
 *
 * <p>A packed chunk of a stays in the second-level cache, a panel of b nearly in the first. Every element of y is the sum over k in order,
 * KC at a time, however y is cut into blocks.
 */
public final class GemmHost implements HostBody {
    /** Which factors are stored transposed: NT multiplies a [m, k] and b [n, k], NN a [m, k] and b [k, n], TN a [k, m] and b [k, n]. */
    public enum Layout { NT, NN, TN }

    /** Which view of a launch is b. */
    static final int FLOATS = 1;
    static final int HALVES = 2;
    private static final int KC = 384;
    private static final int CHUNK = 24 * Tile.ROWS;
    /** Blocks have at least two tiles of rows. */
    private static final int LEAST_ROWS = 2 * Tile.ROWS;
    private static final int PANELS = CHUNK * KC;
    /** Columns of y computed at once: bounds the memory for b. */
    private static final int MOST_COLUMNS = 512;
    /** Elements of a block of y that the second-level cache holds beside what is packed. */
    private static final int MOST_SUMS = 160 * 1024;

    /** A matrix of a launch: rows begin {@code ld} elements apart, the same matrix of the next product {@code step} further. */
    public record Matrix(View view, int ld, int step) {
        public Matrix(View view, int ld) {
            this(view, ld, 0);
        }
    }

    private final Layout layout;
    private final Matrix a;
    private final Matrix b;
    private final Matrix y;
    private final View bias;
    private final int m;
    private final int n;
    private final int k;
    private final int products;
    private final boolean accumulate;
    private final int blockRows;
    private final int blockColumns;
    private final int rowBlocks;
    private final int columnBlocks;
    /** Where zeros lie behind a chunk of a and the panels of b, and where the memory behind these begins: for a tile of y, and for transposing. */
    private final int zeros;
    private final int free;

    /** The form of a launch with the views a, b where it is stored as floats, b where it is stored as halves, (bias,) y. */
    public static HostForm form(Layout layout, int products, Matrix a, Matrix b, View bias, Matrix y, int m, int n, int k, boolean accumulate) {
        if (layout == Layout.NT && m <= FewRowsHost.MOST_ROWS) {
            return new FewRowsHost(products, a, b, bias, y, m, n, k, accumulate).form();
        }
        if (layout == Layout.NN && FewRowsAcrossHost.suits(products, b, m, n, k) && !accumulate) {
            return new FewRowsAcrossHost(a, b, bias, y, m, n, k).form();
        }
        if (layout == Layout.TN && accumulate && DeepGemmHost.suits(products, m, n, k)) {
            return new DeepGemmHost(products, a, b, y, m, n, k).form();
        }
        return LongGemmHost.suits(layout, products, m, n, k) ? new LongGemmHost(layout, products, a, b, bias, y, m, n, k, accumulate).form()
                : new GemmHost(layout, products, a, b, bias, y, m, n, k, accumulate).form();
    }

    private GemmHost(Layout layout, int products, Matrix a, Matrix b, View bias, Matrix y, int m, int n, int k, boolean accumulate) {
        this.layout = layout;
        this.products = products;
        this.a = a;
        this.b = b;
        this.y = y;
        this.bias = bias;
        this.m = m;
        this.n = n;
        this.k = k;
        this.accumulate = accumulate;
        int down = 1;
        int across = (n + MOST_COLUMNS - 1) / MOST_COLUMNS;
        // Where k is the rows of a batch, packing takes most, so blocks are large; but not so large that what is added to again and again leaves the cache.
        int wanted = (layout == Layout.TN ? 2 : 4) * Runtime.getRuntime().availableProcessors();
        int most = layout == Layout.TN ? MOST_SUMS : Integer.MAX_VALUE;
        // Transposing costs about four times what copying does, so b should be packed less often where it is transposed.
        int aspect = layout == Layout.NT ? 4 : 1;
        while ((down * across * products < wanted || (long) (m / down) * (n / across) > most) && (m / down > LEAST_ROWS || n / across > Tile.WIDEST)) {
            if (m / down > LEAST_ROWS && m / down >= aspect * (n / across) || n / across <= Tile.WIDEST) {
                down *= 2;
            } else {
                across *= 2;
            }
        }
        blockRows = roundUp((m + down - 1) / down, Tile.ROWS);
        blockColumns = roundUp((n + across - 1) / across, Tile.WIDEST);
        rowBlocks = (m + blockRows - 1) / blockRows;
        columnBlocks = (n + blockColumns - 1) / blockColumns;
        zeros = PANELS + KC * blockColumns;
        free = zeros + Tile.WIDEST;
    }

    private HostForm form() {
        return new HostForm(products * columnBlocks * rowBlocks, this);
    }

    @Override
    public void run(int from, int to, int[] at, Scratch scratch) {
        float[] s = scratch.floats(free + Math.max(Tile.ROWS * Tile.WIDEST, Transposition.SCRATCH));
        Arrays.fill(s, zeros, free, 0f);
        int item = from;
        while (item < to) {
            int column = item / rowBlocks;
            int row = item - column * rowBlocks;
            int rows = Math.min(rowBlocks - row, to - item);
            int product = column / columnBlocks;
            block(product, row * blockRows, Math.min(m, (row + rows) * blockRows), (column - product * columnBlocks) * blockColumns, at, s);
            item += rows;
        }
    }

    private void block(int product, int top, int bottom, int left, int[] at, float[] s) {
        int width = Math.min(blockColumns, n - left);
        for (int l = 0; l < k; l += KC) {
            int depth = Math.min(KC, k - l);
            pack(layout, b, product, l, left, depth, width, at, s, PANELS, free);
            for (int i = top; i < bottom; i += CHUNK) {
                chunk(product, i, Math.min(CHUNK, bottom - i), left, width, l, depth, at, s);
            }
        }
    }

    /** Packs {@code depth} rows and {@code width} columns of a factor b, as the product reads it, from row l and column {@code left} on. */
    static void pack(Layout layout, Matrix b, int product, int l, int left, int depth, int width, int[] at, float[] s, int to, int free) {
        Type type = b.view.type();
        long b0 = at[type.isHalf() ? HALVES : FLOATS] + (long) product * b.step;
        if (layout == Layout.NT) {
            Packing.panelsTransposed(b.view.segment(), type, b0 + (long) left * b.ld + l, b.ld, width, depth, s, to, free);
        } else {
            Packing.panels(b.view.segment(), type, b0 + (long) l * b.ld + left, b.ld, width, depth, s, to);
        }
    }

    private void chunk(int product, int top, int rows, int left, int width, int l, int depth, int[] at, float[] s) {
        MemorySegment as = a.view.segment();
        MemorySegment ys = y.view.segment();
        long a0 = at[0] + (long) product * a.step;
        if (layout == Layout.TN) {
            Packing.strips(as, a0 + (long) l * a.ld + top, a.ld, rows, depth, s, 0);
        } else {
            Packing.rows(as, a0 + (long) top * a.ld + l, a.ld, rows, depth, s, 0, depth);
        }
        boolean strips = layout == Layout.TN;
        for (int j = 0; j < width; j += Tile.COLUMNS) {
            for (int i = 0; i < rows; i += Tile.ROWS) {
                Tile.multiply(s, i * depth, strips ? 1 : depth, strips ? Tile.ROWS : 1, PANELS + j * depth, zeros, 0, free, Tile.COLUMNS, depth);
                int high = Math.min(Tile.ROWS, rows - i);
                int wide = Math.min(Tile.COLUMNS, width - j);
                long corner = at[bias == null ? 3 : 4] + (long) product * y.step + (long) (top + i) * y.ld + left + j;
                if (l == 0 && bias != null) {
                    Packing.write(s, free, high, wide, bias.segment(), at[3] + left + j, 0, ys, corner, y.ld);
                } else {
                    Packing.write(s, free, high, wide, l == 0 && !accumulate ? null : ys, corner, y.ld, ys, corner, y.ld);
                }
            }
        }
    }

    private static int roundUp(int size, int multiple) {
        return (size + multiple - 1) / multiple * multiple;
    }
}
