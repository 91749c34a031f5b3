package dev.wuneng.kernels.op;

import dev.wuneng.kernels.run.GroupForm;
import dev.wuneng.kernels.run.Kernel;
import java.util.List;
import java.util.Optional;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * {@link RmsNorm} as a GPU wants it: a work-group of 256 items takes as many rows as leave {@code lanes} items for each, which stride over the row's
 * columns, so that neighbours read neighbouring addresses.
 *
 * <pre>
 *   item (row, lane) = row · lanes + lane   columns lane, lane + lanes, …
 * </pre>
 *
 * <p>The items of a row leave their sums in local memory, 16 of them add these up to 16 sums, and then each adds up those, all in a fixed order.
 * Afterwards an item computes four columns before it writes the first, for no compiler moves a read ahead of a write that may change what is read.
 * Rows behind the last are computed from the last and not written, so that all items meet at the barriers.
 */
final class RmsNormGroups {
    private static final int ITEMS = 256;
    /** All lanes' sums, and 16 of each of at most 8 rows. */
    private static final int LOCAL_BYTES = (256 + 128) * 4;

    private RmsNormGroups() {
    }

    static Optional<GroupForm> forward(int rows, int width) {
        Kernel.K12<KernelContext, IntArray, Integer, FloatArray, FloatArray, FloatArray, FloatArray, Integer, Integer, Float, Integer, Integer> kernel
                = RmsNormGroups::rmsNormGroupsForward;
        return form(kernel, rows, width);
    }

    static Optional<GroupForm> backwardInput(int rows, int width) {
        Kernel.K13<KernelContext, IntArray, Integer, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, Integer, Integer, Integer, Integer, Integer>
                kernel = RmsNormGroups::rmsNormGroupsBackwardInput;
        return form(kernel, rows, width);
    }

    /** Sums over tokens, shared out as in {@link ColumnGroups}. */
    static Optional<GroupForm> backwardWeight(int tokens, int columns) {
        Kernel.K11<KernelContext, IntArray, Integer, FloatArray, FloatArray, FloatArray, FloatArray, Integer, Integer, Integer, Integer> kernel
                = RmsNormGroups::rmsNormGroupsBackwardWeight;
        return ColumnGroups.form(kernel, tokens, columns, 1);
    }

    private static Optional<GroupForm> form(Kernel kernel, int rows, int width) {
        int lanes = Math.clamp(Integer.highestOneBit(width / 4), 32, ITEMS);
        int together = ITEMS / lanes;
        return width < 32 ? Optional.empty()
                : Optional.of(new GroupForm(kernel, (rows + together - 1) / together, ITEMS, LOCAL_BYTES, List.of(rows, lanes)));
    }

    public static void rmsNormGroupsForward(KernelContext context, IntArray at, int p, FloatArray x, FloatArray weight, FloatArray y, FloatArray rstd,
            int width, int groups, float eps, int rows, int lanes) {
        float[] sums = context.allocateFloatLocalArray(256);
        float[] few = context.allocateFloatLocalArray(128);
        int item = context.localIdx;
        int row = item / lanes;
        int lane = item - row * lanes;
        int wanted = context.groupIdx * (256 / lanes) + row;
        int r = Math.min(wanted, rows - 1);
        int x0 = at.get(p) + r * width;
        int w0 = at.get(p + 1) + r % groups * width;
        int y0 = at.get(p + 2) + r * width;
        float own = 0f;
        for (int j = lane; j < width; j += lanes) {
            own += x.get(x0 + j) * x.get(x0 + j);
        }
        sums[item] = own;
        context.localBarrier();
        if (lane < 16) {
            float some = 0f;
            for (int n = 0; n < lanes / 16; n++) {
                some += sums[row * lanes + 16 * n + lane];
            }
            few[row * 16 + lane] = some;
        }
        context.localBarrier();
        float squares = 0f;
        for (int n = 0; n < 16; n++) {
            squares += few[row * 16 + n];
        }
        float scale = 1f / TornadoMath.sqrt(squares / width + eps);
        float[] results = new float[4];
        for (int begin = lane; begin < width; begin += 4 * lanes) {
            for (int n = 0; n < 4; n++) {
                int j = Math.min(begin + n * lanes, width - 1);
                results[n] = x.get(x0 + j) * scale * weight.get(w0 + j);
            }
            for (int n = 0; n < 4; n++) {
                int j = begin + n * lanes;
                if (j < width && wanted < rows) {
                    y.set(y0 + j, results[n]);
                }
            }
        }
        if (lane == 0 && wanted < rows) {
            rstd.set(at.get(p + 3) + r, scale);
        }
    }

    public static void rmsNormGroupsBackwardInput(KernelContext context, IntArray at, int p, FloatArray x, FloatArray weight, FloatArray rstd,
            FloatArray dy, FloatArray dx, int width, int groups, int adds, int rows, int lanes) {
        float[] sums = context.allocateFloatLocalArray(256);
        float[] few = context.allocateFloatLocalArray(128);
        int item = context.localIdx;
        int row = item / lanes;
        int lane = item - row * lanes;
        int wanted = context.groupIdx * (256 / lanes) + row;
        int r = Math.min(wanted, rows - 1);
        int x0 = at.get(p) + r * width;
        int w0 = at.get(p + 1) + r % groups * width;
        int g0 = at.get(p + 3) + r * width;
        int d0 = at.get(p + 4) + r * width;
        float scale = rstd.get(at.get(p + 2) + r);
        float own = 0f;
        for (int j = lane; j < width; j += lanes) {
            own += dy.get(g0 + j) * weight.get(w0 + j) * x.get(x0 + j);
        }
        sums[item] = own;
        context.localBarrier();
        if (lane < 16) {
            float some = 0f;
            for (int n = 0; n < lanes / 16; n++) {
                some += sums[row * lanes + 16 * n + lane];
            }
            few[row * 16 + lane] = some;
        }
        context.localBarrier();
        float dot = 0f;
        for (int n = 0; n < 16; n++) {
            dot += few[row * 16 + n];
        }
        float pull = dot * scale * scale / width;
        float[] results = new float[4];
        for (int begin = lane; begin < width; begin += 4 * lanes) {
            for (int n = 0; n < 4; n++) {
                int j = Math.min(begin + n * lanes, width - 1);
                float g = dy.get(g0 + j) * weight.get(w0 + j);
                float before = adds == 1 ? dx.get(d0 + j) : 0f;
                results[n] = before + scale * (g - x.get(x0 + j) * pull);
            }
            for (int n = 0; n < 4; n++) {
                int j = begin + n * lanes;
                if (j < width && wanted < rows) {
                    dx.set(d0 + j, results[n]);
                }
            }
        }
    }

    public static void rmsNormGroupsBackwardWeight(KernelContext context, IntArray at, int p, FloatArray x, FloatArray rstd, FloatArray dy,
            FloatArray partial, int tokens, int columns, int groups, int block) {
        float[] sums = context.allocateFloatLocalArray(ColumnGroups.ITEMS);
        int item = context.localIdx;
        int slice = item / ColumnGroups.COLUMNS;
        int b = ColumnGroups.columnGroupsBlock(context.groupIdx, columns);
        int c = ColumnGroups.columnGroupsColumn(context.groupIdx, item, columns);
        int x0 = at.get(p) + c;
        int r0 = at.get(p + 1) + c / (columns / groups);
        int g0 = at.get(p + 2) + c;
        float own = 0f;
        for (int i = 0; i < block / ColumnGroups.SLICES; i++) {
            int row = b * block + slice + i * ColumnGroups.SLICES;
            int t = Math.min(row, tokens - 1);
            float counts = row < tokens ? 1f : 0f;
            own += counts * dy.get(g0 + t * columns) * x.get(x0 + t * columns) * rstd.get(r0 + t * groups);
        }
        sums[item] = own;
        context.localBarrier();
        if (slice == 0) {
            float sum = 0f;
            for (int q = 0; q < ColumnGroups.SLICES; q++) {
                sum += sums[q * ColumnGroups.COLUMNS + item];
            }
            partial.set(at.get(p + 3) + b * columns + c, sum);
        }
    }
}
