package dev.wuneng.kernels.op;

import dev.wuneng.kernels.host.GemmHost;
import dev.wuneng.kernels.host.GemmHost.Layout;
import dev.wuneng.kernels.host.GemmHost.Matrix;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * Matrix products of row-major matrices, y [m, n]; by which of the factors is stored transposed:
 *
 * <pre>
 *   NT  y_ij (+)= Σ_l a_il b_jl     a [m, k], b [n, k]
 *   NN  y_ij (+)= Σ_l a_il b_lj     a [m, k], b [k, n]
 *   TN  y_ij (+)= Σ_l a_li b_lj     a [k, m], b [k, n]
 * </pre>
 *
 * <p>b may be {@link Stored} in half precision. {@link Linear} and {@link LowRank} are made of these, {@link HeadLinear} uses the tile. One item
 * computes a 4 × 4 tile of y in registers: 8 loads for 16 products, which on a device is what pays; accelerators have {@link GemmGroups} besides.
 * At the lower and right edge the loads are clamped and the writes guarded.
 */
final class Gemm {
    /** Rows and columns of the tile that one item computes. */
    static final int TILE = 4;

    private Gemm() {
    }

    static Launch product(String name, Layout layout, View a, View b, View y, int m, int n, int k, boolean accumulate) {
        return Launch.of(name, Gemm::gemmProduct, tiles(m) * tiles(n), a, Stored.floats(b), Stored.halves(b), y, m, n, k, layout.ordinal(),
                accumulate ? 1 : 0, Stored.type(b))
                .inGroups(GemmGroups.fills(m, n) ? GemmGroups.product(m, n) : GemmSlices.product(m, n))
                .inVectors(GemmVectors.product(m, n))
                .onHost(() -> GemmHost.form(layout, 1, left(layout, a, m, k), right(layout, b, n, k), null, new Matrix(y, n), m, n, k, accumulate));
    }

    /** Writes y_ij = bias_j + the product. */
    static Launch productBias(String name, Layout layout, View a, View b, View bias, View y, int m, int n, int k) {
        return Launch.of(name, Gemm::gemmProductBias, tiles(m) * tiles(n), a, Stored.floats(b), Stored.halves(b), bias, y, m, n, k, layout.ordinal(),
                Stored.type(b))
                .inGroups(GemmGroups.fills(m, n) ? GemmGroups.productBias(m, n) : GemmSlices.productBias(m, n))
                .inVectors(GemmVectors.productBias(m, n))
                .onHost(() -> GemmHost.form(layout, 1, left(layout, a, m, k), right(layout, b, n, k), bias, new Matrix(y, n), m, n, k, false));
    }

    private static Matrix left(Layout layout, View a, int m, int k) {
        return new Matrix(a, layout == Layout.TN ? m : k);
    }

    private static Matrix right(Layout layout, View b, int n, int k) {
        return new Matrix(b, layout == Layout.NT ? k : n);
    }

    static int tiles(int size) {
        return (size + TILE - 1) / TILE;
    }

    public static void gemmProduct(int from, int to, IntArray at, int p, FloatArray a, FloatArray b, ShortArray halves, FloatArray y,
            int m, int n, int k, int layout, int accumulate, int type) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int t = from + item;
            int across = (n + 3) / 4;
            int i = t / across * 4;
            int j = (t - t / across * across) * 4;
            int y0 = at.get(p + 3);
            gemmTile(i, j, a, at.get(p), layout == 2 ? 1 : k, layout == 2 ? m : 1, b, halves, type, at.get(type == 0 ? p + 1 : p + 2),
                    layout == 0 ? 1 : n, layout == 0 ? k : 1, y, y0, n, y, y0, n, accumulate, m, n, k);
        }
    }

    public static void gemmProductBias(int from, int to, IntArray at, int p, FloatArray a, FloatArray b, ShortArray halves, FloatArray bias, FloatArray y,
            int m, int n, int k, int layout, int type) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int t = from + item;
            int across = (n + 3) / 4;
            int i = t / across * 4;
            int j = (t - t / across * across) * 4;
            gemmTile(i, j, a, at.get(p), layout == 2 ? 1 : k, layout == 2 ? m : 1, b, halves, type, at.get(type == 0 ? p + 1 : p + 2),
                    layout == 0 ? 1 : n, layout == 0 ? k : 1, bias, at.get(p + 3), 0, y, at.get(p + 4), n, 1, m, n, k);
        }
    }

    /**
     * One tile, y_(i…i+3),(j…j+3). Element (i, l) of a stands at {@code a0 + i · ai + l · al}, (l, j) of b at {@code b0 + l · bl + j · bj}
     * of the array that {@code type} says, (i, j) of y at {@code y0 + i · yi + j}; where {@code starts} is 1, element (i, j) starts from that of {@code start}.
     */
    static void gemmTile(int i, int j, FloatArray a, int a0, int ai, int al, FloatArray b, ShortArray halves, int type, int b0, int bl, int bj,
            FloatArray start, int start0, int starti, FloatArray y, int y0, int yi, int starts, int m, int n, int k) {
        int r0 = a0 + i * ai;
        int r1 = a0 + Math.min(i + 1, m - 1) * ai;
        int r2 = a0 + Math.min(i + 2, m - 1) * ai;
        int r3 = a0 + Math.min(i + 3, m - 1) * ai;
        int c0 = b0 + j * bj;
        int c1 = b0 + Math.min(j + 1, n - 1) * bj;
        int c2 = b0 + Math.min(j + 2, n - 1) * bj;
        int c3 = b0 + Math.min(j + 3, n - 1) * bj;
        float s00 = 0f;
        float s01 = 0f;
        float s02 = 0f;
        float s03 = 0f;
        float s10 = 0f;
        float s11 = 0f;
        float s12 = 0f;
        float s13 = 0f;
        float s20 = 0f;
        float s21 = 0f;
        float s22 = 0f;
        float s23 = 0f;
        float s30 = 0f;
        float s31 = 0f;
        float s32 = 0f;
        float s33 = 0f;
        for (int l = 0; l < k; l++) {
            float x0 = a.get(r0 + l * al);
            float x1 = a.get(r1 + l * al);
            float x2 = a.get(r2 + l * al);
            float x3 = a.get(r3 + l * al);
            float w0 = Stored.storedRead(b, halves, type, c0 + l * bl);
            float w1 = Stored.storedRead(b, halves, type, c1 + l * bl);
            float w2 = Stored.storedRead(b, halves, type, c2 + l * bl);
            float w3 = Stored.storedRead(b, halves, type, c3 + l * bl);
            s00 += x0 * w0;
            s01 += x0 * w1;
            s02 += x0 * w2;
            s03 += x0 * w3;
            s10 += x1 * w0;
            s11 += x1 * w1;
            s12 += x1 * w2;
            s13 += x1 * w3;
            s20 += x2 * w0;
            s21 += x2 * w1;
            s22 += x2 * w2;
            s23 += x2 * w3;
            s30 += x3 * w0;
            s31 += x3 * w1;
            s32 += x3 * w2;
            s33 += x3 * w3;
        }
        gemmWrite(i, j, s00, s01, s02, s03, start, start0, starti, y, y0, yi, starts, m, n);
        gemmWrite(i + 1, j, s10, s11, s12, s13, start, start0, starti, y, y0, yi, starts, m, n);
        gemmWrite(i + 2, j, s20, s21, s22, s23, start, start0, starti, y, y0, yi, starts, m, n);
        gemmWrite(i + 3, j, s30, s31, s32, s33, start, start0, starti, y, y0, yi, starts, m, n);
    }

    /** Writes one row of a tile, as far as it lies within y. */
    static void gemmWrite(int i, int j, float s0, float s1, float s2, float s3,
            FloatArray start, int start0, int starti, FloatArray y, int y0, int yi, int starts, int m, int n) {
        if (i < m) {
            int o = y0 + i * yi + j;
            int s = start0 + i * starti + j;
            y.set(o, starts == 1 ? start.get(s) + s0 : s0);
            if (j + 1 < n) {
                y.set(o + 1, starts == 1 ? start.get(s + 1) + s1 : s1);
            }
            if (j + 2 < n) {
                y.set(o + 2, starts == 1 ? start.get(s + 2) + s2 : s2);
            }
            if (j + 3 < n) {
                y.set(o + 3, starts == 1 ? start.get(s + 3) + s3 : s3);
            }
        }
    }
}
