package dev.wuneng.kernels.op;

import dev.wuneng.kernels.run.GroupForm;
import dev.wuneng.kernels.run.Kernel;
import java.util.Optional;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * {@link ScaledAdd} as a GPU wants it. The elements are laid out as {@link ElementGroups} says. A sum of a block of rows over {@code share} channels is
 * a group's: its 256 items stride over these rows and channels, and add up their sums in local memory, first 16 times 16, then these 16.
 */
final class ScaledAddGroups {
    private static final int ITEMS = 256;
    private static final int LOCAL_BYTES = (256 + 16) * 4;

    private ScaledAddGroups() {
    }

    static Optional<GroupForm> forward(int rows, int width) {
        Kernel.K10<KernelContext, IntArray, Integer, FloatArray, FloatArray, FloatArray, FloatArray, Integer, Integer, Integer> kernel
                = ScaledAddGroups::scaledAddGroupsForward;
        return ElementGroups.form(kernel, Math.multiplyExact(rows, width));
    }

    static Optional<GroupForm> scaled(int rows, int width) {
        Kernel.K9<KernelContext, IntArray, Integer, FloatArray, FloatArray, FloatArray, Integer, Integer, Integer> kernel
                = ScaledAddGroups::scaledAddGroupsScaled;
        return ElementGroups.form(kernel, Math.multiplyExact(rows, width));
    }

    /** Where a sum has too few channels for that, the plain kernel's items are many, and neighbours read neighbouring channels. */
    static Optional<GroupForm> backwardScale(int sums, int share) {
        Kernel.K10<KernelContext, IntArray, Integer, FloatArray, FloatArray, FloatArray, Integer, Integer, Integer, Integer> kernel
                = ScaledAddGroups::scaledAddGroupsBackwardScale;
        return share < 32 ? Optional.empty() : Optional.of(new GroupForm(kernel, sums, ITEMS, LOCAL_BYTES));
    }

    public static void scaledAddGroupsForward(KernelContext context, IntArray at, int p, FloatArray x, FloatArray scale, FloatArray y, FloatArray out,
            int width, int share, int count) {
        int first = ElementGroups.elementGroupsFirst(context.groupIdx, context.localIdx);
        int x0 = at.get(p);
        int s0 = at.get(p + 1);
        int y0 = at.get(p + 2);
        int o0 = at.get(p + 3);
        float[] results = new float[4];
        for (int n = 0; n < 4; n++) {
            int i = Math.min(first + 256 * n, count - 1);
            int c = i - i / width * width;
            results[n] = x.get(x0 + i) + scale.get(s0 + c / share) * y.get(y0 + i);
        }
        ElementGroups.elementGroupsWrite(out, o0, results, first, count);
    }

    public static void scaledAddGroupsScaled(KernelContext context, IntArray at, int p, FloatArray scale, FloatArray y, FloatArray out,
            int width, int share, int count) {
        int first = ElementGroups.elementGroupsFirst(context.groupIdx, context.localIdx);
        int s0 = at.get(p);
        int y0 = at.get(p + 1);
        int o0 = at.get(p + 2);
        float[] results = new float[4];
        for (int n = 0; n < 4; n++) {
            int i = Math.min(first + 256 * n, count - 1);
            int c = i - i / width * width;
            results[n] = scale.get(s0 + c / share) * y.get(y0 + i);
        }
        ElementGroups.elementGroupsWrite(out, o0, results, first, count);
    }

    public static void scaledAddGroupsBackwardScale(KernelContext context, IntArray at, int p, FloatArray y, FloatArray dout, FloatArray partial,
            int rows, int width, int share, int block) {
        float[] sums = context.allocateFloatLocalArray(256);
        float[] few = context.allocateFloatLocalArray(16);
        int item = context.localIdx;
        int b = context.groupIdx / (width / share);
        int c0 = b * block * width + (context.groupIdx - b * (width / share)) * share;
        int y0 = at.get(p) + c0;
        int g0 = at.get(p + 1) + c0;
        int count = Math.min(block, rows - b * block) * share;
        float own = 0f;
        for (int i = item; i < count; i += 256) {
            int r = i / share;
            int c = r * width + i - r * share;
            own += y.get(y0 + c) * dout.get(g0 + c);
        }
        sums[item] = own;
        context.localBarrier();
        if (item < 16) {
            float some = 0f;
            for (int n = 0; n < 16; n++) {
                some += sums[16 * n + item];
            }
            few[item] = some;
        }
        context.localBarrier();
        if (item == 0) {
            float sum = 0f;
            for (int n = 0; n < 16; n++) {
                sum += few[n];
            }
            partial.set(at.get(p + 2) + context.groupIdx, sum);
        }
    }
}
