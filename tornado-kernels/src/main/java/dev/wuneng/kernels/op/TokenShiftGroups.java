package dev.wuneng.kernels.op;

import dev.wuneng.kernels.run.GroupForm;
import dev.wuneng.kernels.run.Kernel;
import java.util.Optional;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * {@link TokenShift} as a GPU wants it. The elements that are written, without what lies between the records of {@code out}, are laid out as
 * {@link ElementGroups} says. Where there is no token before or after, this one is read in its place, with weight 0.
 */
final class TokenShiftGroups {
    private TokenShiftGroups() {
    }

    static Optional<GroupForm> forward(int rows, int heads, int headSize) {
        Kernel.K12<KernelContext, IntArray, Integer, FloatArray, FloatArray, IntArray, FloatArray, Integer, Integer, Integer, Integer, Integer> kernel
                = TokenShiftGroups::tokenShiftGroupsForward;
        return ElementGroups.form(kernel, Math.multiplyExact(rows, heads * headSize));
    }

    static Optional<GroupForm> backwardInput(int rows, int kvHeads, int headSize) {
        Kernel.K14<KernelContext, IntArray, Integer, FloatArray, IntArray, FloatArray, FloatArray, Integer, Integer, Integer, Integer, Integer, Integer, Integer>
                kernel = TokenShiftGroups::tokenShiftGroupsBackwardInput;
        return ElementGroups.form(kernel, Math.multiplyExact(rows, kvHeads * headSize));
    }

    /** Sums over tokens, shared out as in {@link ColumnGroups}. */
    static Optional<GroupForm> backwardMix(int rows, int columns) {
        Kernel.K13<KernelContext, IntArray, Integer, FloatArray, IntArray, FloatArray, FloatArray, Integer, Integer, Integer, Integer, Integer, Integer>
                kernel = TokenShiftGroups::tokenShiftGroupsBackwardMix;
        return ColumnGroups.form(kernel, rows, columns, 1);
    }

    public static void tokenShiftGroupsForward(KernelContext context, IntArray at, int p, FloatArray z, FloatArray mu, IntArray pos, FloatArray out,
            int heads, int kvHeads, int headSize, int stride, int count) {
        int first = ElementGroups.elementGroupsFirst(context.groupIdx, context.localIdx);
        int z0 = at.get(p);
        int m0 = at.get(p + 1);
        int p0 = at.get(p + 2);
        int o0 = at.get(p + 3);
        float[] results = new float[4];
        for (int n = 0; n < 4; n++) {
            int i = Math.min(first + 256 * n, count - 1);
            int vector = i / headSize;
            int j = i - vector * headSize;
            int r = vector / heads;
            int h = vector - r * heads;
            int place = z0 + (r * kvHeads + h * kvHeads / heads) * headSize + j;
            int back = pos.get(p0 + r) == 0 ? 0 : kvHeads * headSize;
            float now = z.get(place);
            float kept = back == 0 ? 0f : 1f;
            results[n] = now + mu.get(m0 + h * headSize + j) * (kept * z.get(place - back) - now);
        }
        for (int n = 0; n < 4; n++) {
            int i = first + 256 * n;
            if (i < count) {
                int vector = i / headSize;
                out.set(o0 + vector * stride + i - vector * headSize, results[n]);
            }
        }
    }

    public static void tokenShiftGroupsBackwardInput(KernelContext context, IntArray at, int p, FloatArray mu, IntArray pos, FloatArray dout,
            FloatArray dz, int rows, int heads, int kvHeads, int headSize, int stride, int adds, int count) {
        int first = ElementGroups.elementGroupsFirst(context.groupIdx, context.localIdx);
        int m0 = at.get(p);
        int p0 = at.get(p + 1);
        int g0 = at.get(p + 2);
        int d0 = at.get(p + 3);
        int group = heads / kvHeads;
        float[] results = new float[4];
        for (int n = 0; n < 4; n++) {
            int i = Math.min(first + 256 * n, count - 1);
            int vector = i / headSize;
            int j = i - vector * headSize;
            int r = vector / kvHeads;
            int h = (vector - r * kvHeads) * group;
            int ahead = Math.min(r + 1, rows - 1);
            float mixed = ahead == r || pos.get(p0 + ahead) == 0 ? 0f : 1f;
            int next = (ahead - r) * heads * stride;
            int g = g0 + (r * heads + h) * stride + j;
            int m = m0 + h * headSize + j;
            float sum = adds == 1 ? dz.get(d0 + i) : 0f;
            for (int k = 0; k < group; k++) {
                float share = mu.get(m + k * headSize);
                sum += (1f - share) * dout.get(g + k * stride) + mixed * share * dout.get(g + k * stride + next);
            }
            results[n] = sum;
        }
        ElementGroups.elementGroupsWrite(dz, d0, results, first, count);
    }

    public static void tokenShiftGroupsBackwardMix(KernelContext context, IntArray at, int p, FloatArray z, IntArray pos, FloatArray dout,
            FloatArray partial, int rows, int heads, int kvHeads, int headSize, int stride, int block) {
        float[] sums = context.allocateFloatLocalArray(ColumnGroups.ITEMS);
        int item = context.localIdx;
        int slice = item / ColumnGroups.COLUMNS;
        int columns = heads * headSize;
        int b = ColumnGroups.columnGroupsBlock(context.groupIdx, columns);
        int c = ColumnGroups.columnGroupsColumn(context.groupIdx, item, columns);
        int h = c / headSize;
        int j = c - h * headSize;
        int z0 = at.get(p) + h * kvHeads / heads * headSize + j;
        int p0 = at.get(p + 1);
        int g0 = at.get(p + 2) + h * stride + j;
        float own = 0f;
        for (int i = 0; i < block / ColumnGroups.SLICES; i++) {
            int row = b * block + slice + i * ColumnGroups.SLICES;
            int r = Math.min(row, rows - 1);
            float counts = row < rows ? 1f : 0f;
            int back = pos.get(p0 + r) == 0 ? 0 : kvHeads * headSize;
            float kept = back == 0 ? 0f : 1f;
            int place = z0 + r * kvHeads * headSize;
            own += counts * dout.get(g0 + r * heads * stride) * (kept * z.get(place - back) - z.get(place));
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
