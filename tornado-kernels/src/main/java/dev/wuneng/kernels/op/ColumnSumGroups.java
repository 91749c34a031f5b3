package dev.wuneng.kernels.op;

import dev.wuneng.kernels.run.GroupForm;
import dev.wuneng.kernels.run.Kernel;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * {@link ColumnSum} as a GPU wants it, work shared out as in {@link ColumnGroups}: of {@link ColumnSum#accumulate} a group has 32 columns, and shares out
 * all their blocks. Columns behind the last are computed from the last and not written, for some of these sums have few.
 */
final class ColumnSumGroups {
    private static final int LOCAL_BYTES = ColumnGroups.ITEMS * Float.BYTES;

    private ColumnSumGroups() {
    }

    static GroupForm accumulate(int columns) {
        Kernel.K7<KernelContext, IntArray, Integer, FloatArray, FloatArray, Integer, Integer> kernel = ColumnSumGroups::columnSumGroupsAccumulate;
        return new GroupForm(kernel, strips(columns), ColumnGroups.ITEMS, LOCAL_BYTES);
    }

    static GroupForm partial(int blocks, int columns) {
        Kernel.K8<KernelContext, IntArray, Integer, FloatArray, FloatArray, Integer, Integer, Integer> kernel = ColumnSumGroups::columnSumGroupsPartial;
        return new GroupForm(kernel, Math.multiplyExact(blocks, strips(columns)), ColumnGroups.ITEMS, LOCAL_BYTES);
    }

    private static int strips(int columns) {
        return (columns + ColumnGroups.COLUMNS - 1) / ColumnGroups.COLUMNS;
    }

    public static void columnSumGroupsAccumulate(KernelContext context, IntArray at, int p, FloatArray partial, FloatArray total, int blocks, int columns) {
        float[] sums = context.allocateFloatLocalArray(ColumnGroups.ITEMS);
        int item = context.localIdx;
        int slice = item / ColumnGroups.COLUMNS;
        int lane = item - slice * ColumnGroups.COLUMNS;
        int wanted = context.groupIdx * ColumnGroups.COLUMNS + lane;
        int c = Math.min(wanted, columns - 1);
        int p0 = at.get(p) + c;
        float own = 0f;
        for (int b = slice; b < blocks; b += ColumnGroups.SLICES) {
            own += partial.get(p0 + b * columns);
        }
        sums[item] = own;
        context.localBarrier();
        if (slice == 0 && wanted < columns) {
            float sum = 0f;
            for (int n = 0; n < ColumnGroups.SLICES; n++) {
                sum += sums[n * ColumnGroups.COLUMNS + lane];
            }
            int place = at.get(p + 1) + c;
            total.set(place, total.get(place) + sum);
        }
    }

    public static void columnSumGroupsPartial(KernelContext context, IntArray at, int p, FloatArray matrix, FloatArray partial, int rows, int columns,
            int block) {
        float[] sums = context.allocateFloatLocalArray(ColumnGroups.ITEMS);
        int item = context.localIdx;
        int slice = item / ColumnGroups.COLUMNS;
        int lane = item - slice * ColumnGroups.COLUMNS;
        int strips = (columns + ColumnGroups.COLUMNS - 1) / ColumnGroups.COLUMNS;
        int b = context.groupIdx / strips;
        int wanted = (context.groupIdx - b * strips) * ColumnGroups.COLUMNS + lane;
        int c = Math.min(wanted, columns - 1);
        int m0 = at.get(p) + c;
        int end = Math.min(rows, (b + 1) * block);
        float own = 0f;
        for (int r = b * block + slice; r < end; r += ColumnGroups.SLICES) {
            own += matrix.get(m0 + r * columns);
        }
        sums[item] = own;
        context.localBarrier();
        if (slice == 0 && wanted < columns) {
            float sum = 0f;
            for (int n = 0; n < ColumnGroups.SLICES; n++) {
                sum += sums[n * ColumnGroups.COLUMNS + lane];
            }
            partial.set(at.get(p + 1) + b * columns + c, sum);
        }
    }
}
