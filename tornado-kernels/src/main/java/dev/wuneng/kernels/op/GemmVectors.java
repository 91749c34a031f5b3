package dev.wuneng.kernels.op;

import dev.wuneng.kernels.run.Kernel;
import dev.wuneng.kernels.run.VectorForm;
import java.util.Optional;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * The products of {@link Gemm} as a CPU behind TornadoVM wants them: an item computes a tile of 8 × 16 elements of y, each of its rows in one
 * vector,
 *
 * <pre>
 *   for each l:   w = (b_l,j … b_l,j+15)      s_r += a_(i+r),l · w,   r = 0…7
 * </pre>
 *
 * <p>where a driver makes one load of the 16 elements of w if they are neighbours, and 16 otherwise, which 8 rows of products outweigh. y must
 * have whole vectors of columns; rows beyond the last are computed from the last and not written. The loop over the columns that writes a row is
 * unrolled by TornadoVM, as the elements of its vectors need: written out, with a choice for each of 128 elements, it is more than TornadoVM inlines.
 */
final class GemmVectors {
    private static final int ROWS = 8;
    private static final int COLUMNS = 16;

    private GemmVectors() {
    }

    static Optional<VectorForm> product(int m, int n) {
        Kernel.K14<Integer, Integer, IntArray, Integer, FloatArray, FloatArray, ShortArray, FloatArray, Integer, Integer, Integer, Integer, Integer, Integer> kernel
                = GemmVectors::gemmVectorsProduct;
        return form(kernel, 1, m, n);
    }

    static Optional<VectorForm> productBias(int m, int n) {
        Kernel.K14<Integer, Integer, IntArray, Integer, FloatArray, FloatArray, ShortArray, FloatArray, FloatArray, Integer, Integer, Integer, Integer, Integer> kernel
                = GemmVectors::gemmVectorsProductBias;
        return form(kernel, 1, m, n);
    }

    /** A form with an item for each tile of {@code count} products that write [m, n], where there is one. */
    static Optional<VectorForm> form(Kernel kernel, int count, int m, int n) {
        return n % COLUMNS != 0 ? Optional.empty() : Optional.of(new VectorForm(kernel, count * ((m + ROWS - 1) / ROWS) * (n / COLUMNS)));
    }

    public static void gemmVectorsProduct(int from, int to, IntArray at, int p, FloatArray a, FloatArray b, ShortArray halves, FloatArray y,
            int m, int n, int k, int layout, int accumulate, int type) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int t = from + item;
            int across = n / 16;
            int i = t / across * 8;
            int j = (t - t / across * across) * 16;
            int y0 = at.get(p + 3);
            gemmVectorsTile(i, j, a, at.get(p), layout == 2 ? 1 : k, layout == 2 ? m : 1, b, halves, type, at.get(type == 0 ? p + 1 : p + 2),
                    layout == 0 ? 1 : n, layout == 0 ? k : 1, y, y0, n, y, y0, n, accumulate, m, k);
        }
    }

    public static void gemmVectorsProductBias(int from, int to, IntArray at, int p, FloatArray a, FloatArray b, ShortArray halves, FloatArray bias,
            FloatArray y, int m, int n, int k, int layout, int type) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int t = from + item;
            int across = n / 16;
            int i = t / across * 8;
            int j = (t - t / across * across) * 16;
            gemmVectorsTile(i, j, a, at.get(p), layout == 2 ? 1 : k, layout == 2 ? m : 1, b, halves, type, at.get(type == 0 ? p + 1 : p + 2),
                    layout == 0 ? 1 : n, layout == 0 ? k : 1, bias, at.get(p + 3), 0, y, at.get(p + 4), n, 1, m, k);
        }
    }

    /** One tile; the arguments are those of {@link Gemm#gemmTile}. */
    static void gemmVectorsTile(int i, int j, FloatArray a, int a0, int ai, int al, FloatArray b, ShortArray halves, int type, int b0, int bl, int bj,
            FloatArray start, int start0, int starti, FloatArray y, int y0, int yi, int starts, int m, int k) {
        int r0 = a0 + i * ai;
        int r1 = a0 + Math.min(i + 1, m - 1) * ai;
        int r2 = a0 + Math.min(i + 2, m - 1) * ai;
        int r3 = a0 + Math.min(i + 3, m - 1) * ai;
        int r4 = a0 + Math.min(i + 4, m - 1) * ai;
        int r5 = a0 + Math.min(i + 5, m - 1) * ai;
        int r6 = a0 + Math.min(i + 6, m - 1) * ai;
        int r7 = a0 + Math.min(i + 7, m - 1) * ai;
        Float16 s0 = gemmVectorsSpread(0f);
        Float16 s1 = gemmVectorsSpread(0f);
        Float16 s2 = gemmVectorsSpread(0f);
        Float16 s3 = gemmVectorsSpread(0f);
        Float16 s4 = gemmVectorsSpread(0f);
        Float16 s5 = gemmVectorsSpread(0f);
        Float16 s6 = gemmVectorsSpread(0f);
        Float16 s7 = gemmVectorsSpread(0f);
        for (int l = 0; l < k; l++) {
            Float16 w = gemmVectorsRead(b, halves, type, b0 + j * bj + l * bl, bj);
            s0 = Float16.add(s0, Float16.mult(w, gemmVectorsSpread(a.get(r0 + l * al))));
            s1 = Float16.add(s1, Float16.mult(w, gemmVectorsSpread(a.get(r1 + l * al))));
            s2 = Float16.add(s2, Float16.mult(w, gemmVectorsSpread(a.get(r2 + l * al))));
            s3 = Float16.add(s3, Float16.mult(w, gemmVectorsSpread(a.get(r3 + l * al))));
            s4 = Float16.add(s4, Float16.mult(w, gemmVectorsSpread(a.get(r4 + l * al))));
            s5 = Float16.add(s5, Float16.mult(w, gemmVectorsSpread(a.get(r5 + l * al))));
            s6 = Float16.add(s6, Float16.mult(w, gemmVectorsSpread(a.get(r6 + l * al))));
            s7 = Float16.add(s7, Float16.mult(w, gemmVectorsSpread(a.get(r7 + l * al))));
        }
        gemmVectorsWrite(i, j, s0, start, start0, starti, y, y0, yi, starts, m);
        gemmVectorsWrite(i + 1, j, s1, start, start0, starti, y, y0, yi, starts, m);
        gemmVectorsWrite(i + 2, j, s2, start, start0, starti, y, y0, yi, starts, m);
        gemmVectorsWrite(i + 3, j, s3, start, start0, starti, y, y0, yi, starts, m);
        gemmVectorsWrite(i + 4, j, s4, start, start0, starti, y, y0, yi, starts, m);
        gemmVectorsWrite(i + 5, j, s5, start, start0, starti, y, y0, yi, starts, m);
        gemmVectorsWrite(i + 6, j, s6, start, start0, starti, y, y0, yi, starts, m);
        gemmVectorsWrite(i + 7, j, s7, start, start0, starti, y, y0, yi, starts, m);
    }

    private static Float16 gemmVectorsSpread(float x) {
        return new Float16(x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x);
    }

    /** 16 elements, {@code step} apart. */
    private static Float16 gemmVectorsRead(FloatArray b, ShortArray halves, int type, int at, int step) {
        return new Float16(Stored.storedRead(b, halves, type, at), Stored.storedRead(b, halves, type, at + step),
                Stored.storedRead(b, halves, type, at + 2 * step), Stored.storedRead(b, halves, type, at + 3 * step),
                Stored.storedRead(b, halves, type, at + 4 * step), Stored.storedRead(b, halves, type, at + 5 * step),
                Stored.storedRead(b, halves, type, at + 6 * step), Stored.storedRead(b, halves, type, at + 7 * step),
                Stored.storedRead(b, halves, type, at + 8 * step), Stored.storedRead(b, halves, type, at + 9 * step),
                Stored.storedRead(b, halves, type, at + 10 * step), Stored.storedRead(b, halves, type, at + 11 * step),
                Stored.storedRead(b, halves, type, at + 12 * step), Stored.storedRead(b, halves, type, at + 13 * step),
                Stored.storedRead(b, halves, type, at + 14 * step), Stored.storedRead(b, halves, type, at + 15 * step));
    }

    /** Writes one row of a tile, if y has it. */
    private static void gemmVectorsWrite(int i, int j, Float16 sums, FloatArray start, int start0, int starti, FloatArray y, int y0, int yi, int starts, int m) {
        if (i < m) {
            for (int c = 0; c < 16; c++) {
                y.set(y0 + i * yi + j + c, starts == 1 ? start.get(start0 + i * starti + j + c) + sums.get(c) : sums.get(c));
            }
        }
    }
}
