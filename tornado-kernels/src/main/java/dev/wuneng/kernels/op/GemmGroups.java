package dev.wuneng.kernels.op;

import dev.wuneng.kernels.run.GroupForm;
import dev.wuneng.kernels.run.Kernel;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * Products of large matrices as a GPU wants them. A work-group of 16 × 16 items computes a tile of 16 side × 16 side elements of y, 16 of the sum's
 * terms at a time: it copies so much of a and of b into local memory, neighbouring items from neighbouring addresses whichever factor is stored
 * transposed, waits for one another, and multiplies from there, while the next 16 terms are on their way into registers. A side is 8, or 4 where tiles
 * of 128 × 128 would be too few.
 *
 * <pre>
 *   item (r, c) computes rows side · r + 0 … side − 1 and columns 4c … 4c + 3, 64 + 4c … 64 + 4c + 3 of the tile: side² sums, side / 2 loads
 *   of four numbers from local memory a term
 *   local memory: a_il at l · (16 side + 4) + i, b_lj at l · (16 side + 4) + j; 4, so that rows and columns of an item can be loaded four at a time, and
 *   items that copy along l write to different banks but for every other pair
 * </pre>
 *
 * <p>Private arrays become registers, since TornadoVM unrolls loops of up to 32 constant rounds. Local arrays are not handed to helpers: TornadoVM
 * takes the addresses of their elements then, and writes C that does not compile. An element sums its terms in the order of l, as in the plain
 * form. On a device that executes items one after another, such as a CPU, this only adds copies, so there the plain form runs. A half is widened as
 * it is copied, once a tile.
 */
final class GemmGroups {
    /** Tiles that keep most of a large accelerator's processors busy. */
    private static final int ENOUGH = 96;
    private static final int ITEMS = 256;

    private GemmGroups() {
    }

    /** Whether a product fills tiles of one of the sizes, and enough of them; {@link GemmSlices} are for all others, such as one token's through a vocabulary. */
    static boolean fills(int m, int n) {
        return Math.min(m, n) >= 64 && groups(m, n, 4) >= ENOUGH;
    }

    static GroupForm product(int m, int n) {
        return product(m, n, side(m, n));
    }

    static GroupForm product(int m, int n, int side) {
        Kernel.K14<KernelContext, IntArray, Integer, FloatArray, FloatArray, ShortArray, FloatArray, Integer, Integer, Integer, Integer, Integer, Integer, Integer>
                kernel = GemmGroups::gemmGroupsProduct;
        return form(kernel, m, n, side);
    }

    static GroupForm productBias(int m, int n) {
        return productBias(m, n, side(m, n));
    }

    static GroupForm productBias(int m, int n, int side) {
        Kernel.K14<KernelContext, IntArray, Integer, FloatArray, FloatArray, ShortArray, FloatArray, FloatArray, Integer, Integer, Integer, Integer, Integer, Integer>
                kernel = GemmGroups::gemmGroupsProductBias;
        return form(kernel, m, n, side);
    }

    private static int side(int m, int n) {
        return Math.min(m, n) >= 128 && groups(m, n, 8) >= ENOUGH ? 8 : 4;
    }

    private static GroupForm form(Kernel kernel, int m, int n, int side) {
        return new GroupForm(kernel, Math.toIntExact(groups(m, n, side)), ITEMS, 2 * 16 * (16 * side + 4) * 4, List.of(side));
    }

    private static long groups(int m, int n, int side) {
        int tile = 16 * side;
        return (m + tile - 1L) / tile * ((n + tile - 1) / tile);
    }

    public static void gemmGroupsProduct(KernelContext context, IntArray at, int p, FloatArray a, FloatArray b, ShortArray halves, FloatArray y,
            int m, int n, int k, int layout, int accumulate, int type, int side) {
        gemmGroupsTile(context, side, a, at.get(p), b, halves, type, at.get(type == 0 ? p + 1 : p + 2), y, at.get(p + 3), n, y, at.get(p + 3),
                accumulate, m, n, k, layout);
    }

    public static void gemmGroupsProductBias(KernelContext context, IntArray at, int p, FloatArray a, FloatArray b, ShortArray halves,
            FloatArray bias, FloatArray y, int m, int n, int k, int layout, int type, int side) {
        gemmGroupsTile(context, side, a, at.get(p), b, halves, type, at.get(type == 0 ? p + 1 : p + 2), bias, at.get(p + 3), 0, y, at.get(p + 4),
                1, m, n, k, layout);
    }

    /** The tile of a work-group. Where {@code starts} is 1, element (i, j) starts from that of {@code start}, whose rows begin {@code starti} apart. */
    static void gemmGroupsTile(KernelContext context, int side, FloatArray a, int a0, FloatArray b, ShortArray halves, int type, int b0,
            FloatArray start, int start0, int starti, FloatArray y, int y0, int starts, int m, int n, int k, int layout) {
        float[] as = context.allocateFloatLocalArray(16 * (16 * side + 4));
        float[] bs = context.allocateFloatLocalArray(16 * (16 * side + 4));
        int tile = 16 * side;
        int stride = tile + 4;
        int across = (n + tile - 1) / tile;
        int group = context.groupIdx;
        int item = context.localIdx;
        int top = group / across * tile;
        int left = (group - group / across * across) * tile;
        int row = item / 16;
        int column = item - row * 16;
        int ad = layout == 2 ? item / tile : column;
        int ai = layout == 2 ? item - item / tile * tile : row;
        int bd = layout == 0 ? column : item / tile;
        int bj = layout == 0 ? row : item - item / tile * tile;
        float[] s = new float[side * side];
        float[] nextA = new float[side];
        float[] nextB = new float[side];
        float[] x = new float[side];
        float[] w = new float[side];
        for (int i = 0; i < side; i++) {
            for (int j = 0; j < side; j++) {
                s[i * side + j] = 0f;
            }
        }
        gemmGroupsFetch(side, nextA, a, a0, top + ai, ad, nextB, b, halves, type, b0, left + bj, bd, m, n, k, layout);
        for (int l = 0; l < k; l += 16) {
            for (int q = 0; q < side; q++) {
                int i = layout == 2 ? ai : ai + 16 * q;
                int d = layout == 2 ? ad + 16 / side * q : ad;
                as[d * stride + i] = nextA[q];
                int j = layout == 0 ? bj + 16 * q : bj;
                int e = layout == 0 ? bd : bd + 16 / side * q;
                bs[e * stride + j] = nextB[q];
            }
            context.localBarrier();
            gemmGroupsFetch(side, nextA, a, a0, top + ai, l + 16 + ad, nextB, b, halves, type, b0, left + bj, l + 16 + bd, m, n, k, layout);
            int depth = Math.min(16, k - l);
            for (int d = 0; d < depth; d++) {
                for (int q = 0; q < side; q++) {
                    x[q] = as[d * stride + row * side + q];
                    w[q] = bs[d * stride + q / 4 * 64 + column * 4 + q - q / 4 * 4];
                }
                for (int i = 0; i < side; i++) {
                    for (int j = 0; j < side; j++) {
                        s[i * side + j] += x[i] * w[j];
                    }
                }
            }
            context.localBarrier();
        }
        for (int i = 0; i < side; i++) {
            int r = top + row * side + i;
            for (int j = 0; j < side; j++) {
                int c = left + j / 4 * 64 + column * 4 + j - j / 4 * 4;
                if (r < m && c < n) {
                    y.set(y0 + r * n + c, starts == 1 ? start.get(start0 + r * starti + c) + s[i * side + j] : s[i * side + j]);
                }
            }
        }
    }

    /** Reads an item's share of 16 terms, from element (i, d) of a and (e, j) of b on; what is beyond their edges is 0. */
    static void gemmGroupsFetch(int side, float[] nextA, FloatArray a, int a0, int i, int d, float[] nextB, FloatArray b, ShortArray halves, int type,
            int b0, int j, int e, int m, int n, int k, int layout) {
        for (int q = 0; q < side; q++) {
            int row = layout == 2 ? i : i + 16 * q;
            int l = layout == 2 ? d + 16 / side * q : d;
            nextA[q] = row < m && l < k ? a.get(a0 + row * (layout == 2 ? 1 : k) + l * (layout == 2 ? m : 1)) : 0f;
            int column = layout == 0 ? j + 16 * q : j;
            int of = layout == 0 ? e : e + 16 / side * q;
            nextB[q] = column < n && of < k ? Stored.storedRead(b, halves, type, b0 + column * (layout == 0 ? k : 1) + of * (layout == 0 ? 1 : n)) : 0f;
        }
    }
}
