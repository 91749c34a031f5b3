package dev.wuneng.kernels.op;

import dev.wuneng.kernels.run.GroupForm;
import dev.wuneng.kernels.run.Kernel;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * Products of large matrices as a GPU wants them. A work-group of 16 × 16 items computes a tile of 128 × 128 elements of y, 16 of the sum's terms at a
 * time: it copies 128 × 16 elements of a and of b into local memory, neighbouring items from neighbouring addresses whichever factor is stored
 * transposed, waits for one another, and multiplies from there, while the next 16 terms are on their way into registers.
 *
 * <pre>
 *   item (r, c) computes rows 8r … 8r + 7 and columns c, c + 16, … c + 112 of the tile: 64 sums, 16 loads from local memory for 64 products
 *   local memory: a_il at l · 132 + i, b_lj at l · 132 + j; 132, so that the eight rows of an item can be loaded four at a time, and
 *   items that copy along l write to different banks but for every other pair
 * </pre>
 *
 * <p>Private arrays become registers, since TornadoVM unrolls loops of up to 32 constant rounds. Local arrays are not handed to helpers: TornadoVM
 * takes the addresses of their elements then, and writes C that does not compile. An element sums its terms in the order of l, as in the plain
 * form. On a device that executes items one after another, such as a CPU, this only adds copies, so there the plain form runs. A half is widened as
 * it is copied, once for 128 rows of a.
 */
final class GemmGroups {
    private static final int TILE = 128;
    private static final int LEAST_GROUPS = 96;
    private static final int ITEMS = 256;
    private static final int LOCAL_BYTES = 2 * 16 * 132 * 4;

    private GemmGroups() {
    }

    /** Whether a product has enough tiles to keep most of a large accelerator's processors busy; {@link GemmSlices} are for all others. */
    static boolean fills(int m, int n) {
        return (long) groups(m) * groups(n) >= LEAST_GROUPS;
    }

    static GroupForm product(int m, int n) {
        Kernel.K13<KernelContext, IntArray, Integer, FloatArray, FloatArray, ShortArray, FloatArray, Integer, Integer, Integer, Integer, Integer, Integer> kernel
                = GemmGroups::gemmGroupsProduct;
        return form(kernel, m, n);
    }

    static GroupForm productBias(int m, int n) {
        Kernel.K13<KernelContext, IntArray, Integer, FloatArray, FloatArray, ShortArray, FloatArray, FloatArray, Integer, Integer, Integer, Integer, Integer> kernel
                = GemmGroups::gemmGroupsProductBias;
        return form(kernel, m, n);
    }

    private static GroupForm form(Kernel kernel, int m, int n) {
        return new GroupForm(kernel, groups(m) * groups(n), ITEMS, LOCAL_BYTES);
    }

    private static int groups(int size) {
        return (size + TILE - 1) / TILE;
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
        float[] as = context.allocateFloatLocalArray(2112);
        float[] bs = context.allocateFloatLocalArray(2112);
        int across = (n + 127) / 128;
        int group = context.groupIdx;
        int item = context.localIdx;
        int top = group / across * 128;
        int left = (group - group / across * across) * 128;
        int row = item / 16;
        int column = item - row * 16;
        int ad = layout == 2 ? item / 128 : column;
        int ai = layout == 2 ? item - item / 128 * 128 : row;
        int bd = layout == 0 ? column : item / 128;
        int bj = layout == 0 ? row : item - item / 128 * 128;
        float[] s = new float[64];
        float[] nextA = new float[8];
        float[] nextB = new float[8];
        float[] x = new float[8];
        float[] w = new float[8];
        for (int i = 0; i < 8; i++) {
            for (int j = 0; j < 8; j++) {
                s[i * 8 + j] = 0f;
            }
        }
        for (int q = 0; q < 8; q++) {
            int i = layout == 2 ? ai : ai + 16 * q;
            int d = layout == 2 ? ad + 2 * q : ad;
            nextA[q] = top + i < m && d < k ? a.get(a0 + (top + i) * (layout == 2 ? 1 : k) + d * (layout == 2 ? m : 1)) : 0f;
            int j = layout == 0 ? bj + 16 * q : bj;
            int e = layout == 0 ? bd : bd + 2 * q;
            nextB[q] = left + j < n && e < k ? Stored.storedRead(b, halves, type, b0 + (left + j) * (layout == 0 ? k : 1) + e * (layout == 0 ? 1 : n)) : 0f;
        }
        for (int l = 0; l < k; l += 16) {
            for (int q = 0; q < 8; q++) {
                int i = layout == 2 ? ai : ai + 16 * q;
                int d = layout == 2 ? ad + 2 * q : ad;
                as[d * 132 + i] = nextA[q];
                int j = layout == 0 ? bj + 16 * q : bj;
                int e = layout == 0 ? bd : bd + 2 * q;
                bs[e * 132 + j] = nextB[q];
            }
            context.localBarrier();
            for (int q = 0; q < 8; q++) {
                int i = layout == 2 ? ai : ai + 16 * q;
                int d = l + 16 + (layout == 2 ? ad + 2 * q : ad);
                nextA[q] = top + i < m && d < k ? a.get(a0 + (top + i) * (layout == 2 ? 1 : k) + d * (layout == 2 ? m : 1)) : 0f;
                int j = layout == 0 ? bj + 16 * q : bj;
                int e = l + 16 + (layout == 0 ? bd : bd + 2 * q);
                nextB[q] = left + j < n && e < k ? Stored.storedRead(b, halves, type, b0 + (left + j) * (layout == 0 ? k : 1) + e * (layout == 0 ? 1 : n)) : 0f;
            }
            int depth = Math.min(16, k - l);
            for (int d = 0; d < depth; d++) {
                for (int q = 0; q < 8; q++) {
                    x[q] = as[d * 132 + row * 8 + q];
                    w[q] = bs[d * 132 + column + 16 * q];
                }
                for (int i = 0; i < 8; i++) {
                    for (int j = 0; j < 8; j++) {
                        s[i * 8 + j] += x[i] * w[j];
                    }
                }
            }
            context.localBarrier();
        }
        for (int i = 0; i < 8; i++) {
            int r = top + row * 8 + i;
            for (int j = 0; j < 8; j++) {
                int c = left + column + 16 * j;
                if (r < m && c < n) {
                    y.set(y0 + r * n + c, starts == 1 ? start.get(start0 + r * starti + c) + s[i * 8 + j] : s[i * 8 + j]);
                }
            }
        }
    }
}
