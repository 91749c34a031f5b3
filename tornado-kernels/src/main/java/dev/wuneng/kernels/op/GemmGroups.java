package dev.wuneng.kernels.op;

import dev.wuneng.kernels.run.GroupForm;
import dev.wuneng.kernels.run.Kernel;
import java.util.Optional;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * The products of {@link Gemm} as a GPU wants them. A work-group of 16 × 16 items computes a tile of 64 × 64 elements of y, 16 of the sum's
 * terms at a time: it copies 64 × 16 elements of a and of b into local memory, neighbouring items from neighbouring addresses whichever factor
 * is stored transposed, waits for one another, and multiplies from there.
 *
 * <pre>
 *   item (r, c) computes rows 4r … 4r + 3 and columns c, c + 16, c + 32, c + 48 of the tile
 *   local memory: a_il at l · 65 + i, b_lj at l · 65 + j; 65, so that items that copy along l write to different banks
 * </pre>
 *
 * <p>Local arrays are not handed to helpers: TornadoVM takes the addresses of their elements then, and writes C that does not compile.
 * An element sums its terms in the order of l, as in the plain form. On a device that executes items one after another, such as a CPU,
 * this only adds copies, so there the plain form runs. A half is widened as it is copied, once for 64 rows of a.
 */
final class GemmGroups {
    private static final int TILE = 64;
    private static final int ITEMS = 256;
    private static final int LOCAL_BYTES = 2 * 16 * 65 * 4;

    private GemmGroups() {
    }

    /** The form of a product, where it fills at least a tile. */
    static Optional<GroupForm> product(int m, int n) {
        Kernel.K13<KernelContext, IntArray, Integer, FloatArray, FloatArray, ShortArray, FloatArray, Integer, Integer, Integer, Integer, Integer, Integer> kernel
                = GemmGroups::gemmGroupsProduct;
        return form(kernel, m, n);
    }

    static Optional<GroupForm> productBias(int m, int n) {
        Kernel.K13<KernelContext, IntArray, Integer, FloatArray, FloatArray, ShortArray, FloatArray, FloatArray, Integer, Integer, Integer, Integer, Integer> kernel
                = GemmGroups::gemmGroupsProductBias;
        return form(kernel, m, n);
    }

    private static Optional<GroupForm> form(Kernel kernel, int m, int n) {
        int groups = (m + TILE - 1) / TILE * ((n + TILE - 1) / TILE);
        return m < TILE || n < TILE ? Optional.empty() : Optional.of(new GroupForm(kernel, groups, ITEMS, LOCAL_BYTES));
    }

    public static void gemmGroupsProduct(KernelContext context, IntArray at, int p, FloatArray a, FloatArray b, ShortArray halves, FloatArray y,
            int m, int n, int k, int layout, int accumulate, int type) {
        gemmGroupsTile(context, a, at.get(p), b, halves, type, at.get(type == 0 ? p + 1 : p + 2), y, at.get(p + 3), n, y, at.get(p + 3),
                accumulate, m, n, k, layout);
    }

    public static void gemmGroupsProductBias(KernelContext context, IntArray at, int p, FloatArray a, FloatArray b, ShortArray halves,
            FloatArray bias, FloatArray y, int m, int n, int k, int layout, int type) {
        gemmGroupsTile(context, a, at.get(p), b, halves, type, at.get(type == 0 ? p + 1 : p + 2), bias, at.get(p + 3), 0, y, at.get(p + 4),
                1, m, n, k, layout);
    }

    /** The tile of a work-group. Where {@code starts} is 1, element (i, j) starts from that of {@code start}, whose rows begin {@code starti} apart. */
    static void gemmGroupsTile(KernelContext context, FloatArray a, int a0, FloatArray b, ShortArray halves, int type, int b0,
            FloatArray start, int start0, int starti, FloatArray y, int y0, int starts, int m, int n, int k, int layout) {
        float[] as = context.allocateFloatLocalArray(1040);
        float[] bs = context.allocateFloatLocalArray(1040);
        int across = (n + 63) / 64;
        int group = context.groupIdx;
        int item = context.localIdx;
        int top = group / across * 64;
        int left = (group - group / across * across) * 64;
        int row = item / 16;
        int column = item - row * 16;
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
        for (int l = 0; l < k; l += 16) {
            for (int q = item; q < 1024; q += 256) {
                int d = layout == 2 ? q / 64 : q - q / 16 * 16;
                int i = layout == 2 ? q - q / 64 * 64 : q / 16;
                as[d * 65 + i] = top + i < m && l + d < k ? a.get(a0 + (top + i) * (layout == 2 ? 1 : k) + (l + d) * (layout == 2 ? m : 1)) : 0f;
            }
            for (int q = item; q < 1024; q += 256) {
                int d = layout == 0 ? q - q / 16 * 16 : q / 64;
                int j = layout == 0 ? q / 16 : q - q / 64 * 64;
                bs[d * 65 + j] = left + j < n && l + d < k
                        ? Stored.storedRead(b, halves, type, b0 + (left + j) * (layout == 0 ? k : 1) + (l + d) * (layout == 0 ? 1 : n)) : 0f;
            }
            context.localBarrier();
            int depth = Math.min(16, k - l);
            for (int d = 0; d < depth; d++) {
                int i = d * 65 + row * 4;
                int j = d * 65 + column;
                float x0 = as[i];
                float x1 = as[i + 1];
                float x2 = as[i + 2];
                float x3 = as[i + 3];
                float w0 = bs[j];
                float w1 = bs[j + 16];
                float w2 = bs[j + 32];
                float w3 = bs[j + 48];
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
            context.localBarrier();
        }
        int i = top + row * 4;
        int j = left + column;
        gemmGroupsWrite(i, j, s00, s01, s02, s03, start, start0, starti, y, y0, starts, m, n);
        gemmGroupsWrite(i + 1, j, s10, s11, s12, s13, start, start0, starti, y, y0, starts, m, n);
        gemmGroupsWrite(i + 2, j, s20, s21, s22, s23, start, start0, starti, y, y0, starts, m, n);
        gemmGroupsWrite(i + 3, j, s30, s31, s32, s33, start, start0, starti, y, y0, starts, m, n);
    }

    /** Writes one row of an item's elements, as far as they lie within y. */
    static void gemmGroupsWrite(int i, int j, float s0, float s1, float s2, float s3,
            FloatArray start, int start0, int starti, FloatArray y, int y0, int starts, int m, int n) {
        if (i < m) {
            int o = y0 + i * n + j;
            int s = start0 + i * starti + j;
            if (j < n) {
                y.set(o, starts == 1 ? start.get(s) + s0 : s0);
            }
            if (j + 16 < n) {
                y.set(o + 16, starts == 1 ? start.get(s + 16) + s1 : s1);
            }
            if (j + 32 < n) {
                y.set(o + 32, starts == 1 ? start.get(s + 32) + s2 : s2);
            }
            if (j + 48 < n) {
                y.set(o + 48, starts == 1 ? start.get(s + 48) + s3 : s3);
            }
        }
    }
}
