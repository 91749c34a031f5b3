package dev.wuneng.kernels.op;

import dev.wuneng.kernels.run.GroupForm;
import dev.wuneng.kernels.run.Kernel;
import java.util.Optional;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * Products of small matrices with long sums, such as the gradients of weights, for accelerators: the tiles of {@link GemmGroups} would be too few to
 * keep one busy. A work-group of 256 items computes a tile of 16 × 16 elements of y, sixteen items an element:
 *
 * <pre>
 *   item (slice, r, c), 16 × 4 × 4: rows r, r + 4, r + 8, r + 12 and columns c, c + 4, c + 8, c + 12 of the tile, terms l = slice, slice + 16, …
 *   local memory: the sum of a slice for element (i, j) at slice · 257 + i · 16 + j; at the end each item adds those of one element
 * </pre>
 *
 * <p>Factors are read straight from global memory, by neighbouring items from neighbouring addresses: items that follow each other differ in their slice
 * where both factors lie along l, and otherwise in their elements. Four terms are read before the first is used, since there is no other work to do
 * while memory answers. At the lower and right edge the loads are clamped and the writes guarded. 257, so that
 * items of different slices write to different banks.
 */
final class GemmSlices {
    private static final int TILE = 16;
    private static final int ITEMS = 256;
    private static final int LOCAL_BYTES = 16 * 257 * 4;

    private GemmSlices() {
    }

    static GroupForm product(int m, int n) {
        Kernel.K13<KernelContext, IntArray, Integer, FloatArray, FloatArray, ShortArray, FloatArray, Integer, Integer, Integer, Integer, Integer, Integer> kernel
                = GemmSlices::gemmSlicesProduct;
        return form(kernel, 1, m, n);
    }

    static GroupForm productBias(int m, int n) {
        Kernel.K13<KernelContext, IntArray, Integer, FloatArray, FloatArray, ShortArray, FloatArray, FloatArray, Integer, Integer, Integer, Integer, Integer> kernel
                = GemmSlices::gemmSlicesProductBias;
        return form(kernel, 1, m, n);
    }

    /** The gradient of {@link HeadLinear}'s weight. */
    static GroupForm headLinearBackwardWeight(int heads, int out, int in) {
        Kernel.K12<KernelContext, IntArray, Integer, FloatArray, FloatArray, ShortArray, FloatArray, Integer, Integer, Integer, Integer, Integer> kernel
                = GemmSlices::gemmSlicesHeadWeight;
        return form(kernel, heads, out, in);
    }

    /** The form of a kernel whose groups go through the tiles of {@code count} matrices of m × n elements, row by row of tiles. */
    private static GroupForm form(Kernel kernel, int count, int m, int n) {
        return new GroupForm(kernel, count * tiles(m) * tiles(n), ITEMS, LOCAL_BYTES);
    }

    private static int tiles(int size) {
        return (size + TILE - 1) / TILE;
    }

    public static void gemmSlicesProduct(KernelContext context, IntArray at, int p, FloatArray a, FloatArray b, ShortArray halves, FloatArray y,
            int m, int n, int k, int layout, int accumulate, int type) {
        int group = context.groupIdx;
        int line = group / ((n + 15) / 16);
        gemmSlicesTile(context, line * 16, (group - line * ((n + 15) / 16)) * 16, a, at.get(p), layout == 2 ? 1 : k, layout == 2 ? m : 1,
                b, halves, type, at.get(type == 0 ? p + 1 : p + 2), layout == 0 ? 1 : n, layout == 0 ? k : 1,
                y, at.get(p + 3), n, y, at.get(p + 3), n, accumulate, m, n, k);
    }

    public static void gemmSlicesProductBias(KernelContext context, IntArray at, int p, FloatArray a, FloatArray b, ShortArray halves,
            FloatArray bias, FloatArray y, int m, int n, int k, int layout, int type) {
        int group = context.groupIdx;
        int line = group / ((n + 15) / 16);
        gemmSlicesTile(context, line * 16, (group - line * ((n + 15) / 16)) * 16, a, at.get(p), layout == 2 ? 1 : k, layout == 2 ? m : 1,
                b, halves, type, at.get(type == 0 ? p + 1 : p + 2), layout == 0 ? 1 : n, layout == 0 ? k : 1,
                bias, at.get(p + 3), 0, y, at.get(p + 4), n, 1, m, n, k);
    }

    public static void gemmSlicesHeadWeight(KernelContext context, IntArray at, int p, FloatArray dy, FloatArray x, ShortArray halves, FloatArray dw,
            int rows, int heads, int out, int in, int ldw) {
        int group = context.groupIdx;
        int across = (in + 15) / 16;
        int down = (out + 15) / 16;
        int line = group / across;
        int h = line / down;
        int d0 = at.get(p + 3) + h * out * ldw;
        gemmSlicesTile(context, (line - h * down) * 16, (group - line * across) * 16, dy, at.get(p) + h * out, 1, heads * out,
                x, halves, 0, at.get(p + 1) + h * in, heads * in, 1, dw, d0, ldw, dw, d0, ldw, 1, out, in, rows);
    }

    /** The tile at row {@code top} and column {@code left}; all else as {@link Gemm#gemmTile} has it. */
    static void gemmSlicesTile(KernelContext context, int top, int left, FloatArray a, int a0, int ai, int al,
            FloatArray b, ShortArray halves, int type, int b0, int bl, int bj,
            FloatArray start, int start0, int starti, FloatArray y, int y0, int yi, int starts, int m, int n, int k) {
        float[] sums = context.allocateFloatLocalArray(4112);
        int item = context.localIdx;
        int high = item / 16;
        int low = item - high * 16;
        int slice = al == 1 && bl == 1 ? low : high;
        int r = (al == 1 && bl == 1 ? high : low) / 4;
        int c = (al == 1 && bl == 1 ? high : low) - r * 4;
        int[] rows = new int[4];
        int[] columns = new int[4];
        float[] s = new float[16];
        for (int q = 0; q < 4; q++) {
            rows[q] = a0 + Math.min(top + r + 4 * q, m - 1) * ai;
            columns[q] = b0 + Math.min(left + c + 4 * q, n - 1) * bj;
        }
        for (int q = 0; q < 16; q++) {
            s[q] = 0f;
        }
        float[] x = new float[16];
        float[] w = new float[16];
        for (int l = slice; l < k; l += 64) {
            for (int q = 0; q < 16; q++) {
                int d = l + q / 4 * 16;
                x[q] = d < k ? a.get(rows[q - q / 4 * 4] + d * al) : 0f;
                w[q] = d < k ? Stored.storedRead(b, halves, type, columns[q - q / 4 * 4] + d * bl) : 0f;
            }
            for (int u = 0; u < 16; u += 4) {
                for (int q = 0; q < 16; q++) {
                    s[q] += x[u + q / 4] * w[u + q - q / 4 * 4];
                }
            }
        }
        for (int q = 0; q < 16; q++) {
            sums[slice * 257 + (r + q / 4 * 4) * 16 + c + (q - q / 4 * 4) * 4] = s[q];
        }
        context.localBarrier();
        float sum = 0f;
        for (int q = 0; q < 16; q++) {
            sum += sums[q * 257 + item];
        }
        int i = top + high;
        int j = left + low;
        if (i < m && j < n) {
            y.set(y0 + i * yi + j, starts == 1 ? start.get(start0 + i * starti + j) + sum : sum);
        }
    }
}
