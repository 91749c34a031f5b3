package dev.wuneng.kernels.host;

import dev.wuneng.kernels.host.GemmHost.Layout;
import dev.wuneng.kernels.host.GemmHost.Matrix;
import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.HostForm;
import dev.wuneng.kernels.run.Scratch;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Products of long matrices with matrices so small that all of these, packed, stay in the second-level cache, y_p [m, n] (+)= a_p b_p: the linear layers
 * of heads, whose vectors lie side by side in the rows of a and y, and low-rank pairs. An item is a few rows:
 *
 * <pre>
 *                  b_0            b_1
 *                  ▒▒▒▒▒▒▒▒▒▒▒▒   ▓▓▓▓▓▓▓▓▓▓▓▓
 *   a  ▒▒▒▒▓▓▓▓    ▒▒▒▒▒▒▒▒▒▒▒▒   ▓▓▓▓▓▓▓▓▓▓▓▓    y  ▒▒▒▒▒▒▒▒▒▒▒▒▓▓▓▓▓▓▓▓▓▓▓▓
 *      ▒▒▒▒▓▓▓▓                                      ▒▒▒▒▒▒▒▒▒▒▒▒▓▓▓▓▓▓▓▓▓▓▓▓    item
 *      ········                                      ························
 *          ⋮                                                     ⋮
 * </pre>
 *
 * <p>So a is read and y written once, from one end to the other, and that decides here: tiles that read and write memory themselves, a corner of it at a time,
 * took up to twice as long.
 */
final class LongGemmHost implements HostBody {
    /** The most elements of all b, packed. */
    private static final int SMALL = 64 * 1024;
    /** Rows an item. */
    private static final int ROWS = 4 * Tile.ROWS;

    private final Layout layout;
    private final int products;
    private final Matrix a;
    private final Matrix b;
    private final View bias;
    private final Matrix y;
    private final int m;
    private final int n;
    private final int k;
    private final boolean accumulate;
    /** Rows of a and of y. */
    private final int across;
    private final int width;
    /** Elements of one b, packed. */
    private final int panels;
    /** Where thread memory has what a row of y starts from, behind all b, and rows of a and of y. */
    private final int starts;
    private final int factors;
    private final int sums;
    private final int free;

    /** The form of a launch with the views a, b where it is stored as floats, b where it is stored as halves, (bias,) y. */
    LongGemmHost(Layout layout, int products, Matrix a, Matrix b, View bias, Matrix y, int m, int n, int k, boolean accumulate) {
        this.layout = layout;
        this.products = products;
        this.a = a;
        this.b = b;
        this.bias = bias;
        this.y = y;
        this.m = m;
        this.n = n;
        this.k = k;
        this.accumulate = accumulate;
        across = products * k;
        width = products * n;
        panels = n * k;
        starts = products * panels;
        factors = starts + width;
        sums = factors + ROWS * across;
        free = sums + ROWS * width;
    }

    static boolean suits(Layout layout, int products, int m, int n, int k) {
        return layout != Layout.TN && n % Tile.COLUMNS == 0 && k % Tile.LANES == 0 && m >= 4 * n && (long) products * n * k <= SMALL;
    }

    HostForm form() {
        return new HostForm((m + ROWS - 1) / ROWS, this);
    }

    @Override
    public void run(int from, int to, int[] at, Scratch scratch) {
        float[] s = scratch.floats(free + Transposition.SCRATCH);
        if (bias == null) {
            Arrays.fill(s, starts, factors, 0f);
        } else {
            Lanes.read(bias.segment(), at[3], s, starts, width, 0f);
        }
        for (int p = 0; p < products; p++) {
            GemmHost.pack(layout, b, p, 0, 0, k, n, at, s, p * panels, free);
        }
        for (int item = from; item < to; item++) {
            int top = item * ROWS;
            int rows = Math.min(ROWS, m - top);
            Packing.rows(a.view().segment(), at[0] + (long) top * across, 0, 1, rows * across, s, factors, 0);
            for (int i = 0; i < rows; i += Tile.ROWS) {
                multiply(i, s);
            }
            write(top, rows, at, s);
        }
    }

    /** Computes the rows of a tile, from row i of the item on. */
    private void multiply(int i, float[] s) {
        for (int p = 0; p < products; p++) {
            for (int j = 0; j < n; j += Tile.COLUMNS) {
                int c = p * n + j;
                Tile.multiply(s, factors + i * across + p * k, across, 1, p * panels + j * k, starts + c, 0, sums + i * width + c, width, k);
            }
        }
    }

    private void write(int top, int rows, int[] at, float[] s) {
        MemorySegment out = y.view().segment();
        int y0 = at[bias == null ? 3 : 4] + top * width;
        int size = rows * width;
        if (accumulate) {
            for (int c = 0; c < size; c += Tile.LANES) {
                Lanes.store(Lanes.load(s, sums + c).add(Lanes.load(out, y0 + c)), out, y0 + c);
            }
        } else {
            for (int c = 0; c < size; c += Tile.LANES) {
                Lanes.store(Lanes.load(s, sums + c), out, y0 + c);
            }
        }
    }
}
