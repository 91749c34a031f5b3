package dev.wuneng.kernels.op;

import dev.wuneng.kernels.run.GroupForm;
import dev.wuneng.kernels.run.Kernel;
import java.util.Optional;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * {@link MiddleHead} as a GPU wants it, its elements laid out as {@link ElementGroups} says, for nothing is summed over a row. What an item reads is all
 * under way before it computes the first exponential, since a division may be a call.
 */
final class MiddleHeadGroups {
    private MiddleHeadGroups() {
    }

    static Optional<GroupForm> gated(int rows, int width) {
        Kernel.K11<KernelContext, IntArray, Integer, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, Integer, Integer> kernel
                = MiddleHeadGroups::middleHeadGroupsGated;
        return ElementGroups.form(kernel, Math.multiplyExact(rows, width));
    }

    static Optional<GroupForm> backwardGated(int rows, int width) {
        Kernel.K12<KernelContext, IntArray, Integer, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, Integer, Integer> kernel
                = MiddleHeadGroups::middleHeadGroupsBackwardGated;
        return ElementGroups.form(kernel, Math.multiplyExact(rows, width));
    }

    static Optional<GroupForm> weighted(int rows, int width) {
        Kernel.K9<KernelContext, IntArray, Integer, FloatArray, FloatArray, FloatArray, FloatArray, Integer, Integer> kernel
                = MiddleHeadGroups::middleHeadGroupsWeighted;
        return ElementGroups.form(kernel, Math.multiplyExact(rows, width));
    }

    static Optional<GroupForm> backwardWeighted(int rows, int width) {
        Kernel.K9<KernelContext, IntArray, Integer, FloatArray, FloatArray, FloatArray, FloatArray, Integer, Integer> kernel
                = MiddleHeadGroups::middleHeadGroupsBackwardWeighted;
        return ElementGroups.form(kernel, Math.multiplyExact(rows, width));
    }

    public static void middleHeadGroupsGated(KernelContext context, IntArray at, int p, FloatArray pre, FloatArray bias, FloatArray a, FloatArray k,
            FloatArray g, FloatArray m, int width, int count) {
        int first = ElementGroups.elementGroupsFirst(context.groupIdx, context.localIdx);
        int pre0 = at.get(p);
        int bias0 = at.get(p + 1);
        int a0 = at.get(p + 2);
        int k0 = at.get(p + 3);
        int g0 = at.get(p + 4);
        int m0 = at.get(p + 5);
        float[] logits = new float[4];
        float[] states = new float[4];
        float[] pulls = new float[4];
        for (int i = 0; i < 4; i++) {
            int x = Math.min(first + 256 * i, count - 1);
            logits[i] = pre.get(pre0 + x) + bias.get(bias0 + x % width);
            states[i] = k.get(k0 + x);
            pulls[i] = a.get(a0 + x) - states[i];
        }
        for (int i = 0; i < 4; i++) {
            int x = first + 256 * i;
            if (x < count) {
                float gate = MiddleHead.middleHeadSigmoid(logits[i]);
                g.set(g0 + x, gate);
                m.set(m0 + x, states[i] + gate * pulls[i]);
            }
        }
    }

    public static void middleHeadGroupsBackwardGated(KernelContext context, IntArray at, int p, FloatArray a, FloatArray k, FloatArray g, FloatArray dm,
            FloatArray da, FloatArray dk, FloatArray dpre, int width, int count) {
        int first = ElementGroups.elementGroupsFirst(context.groupIdx, context.localIdx);
        int a0 = at.get(p);
        int k0 = at.get(p + 1);
        int g0 = at.get(p + 2);
        int dm0 = at.get(p + 3);
        int da0 = at.get(p + 4);
        int dk0 = at.get(p + 5);
        int dpre0 = at.get(p + 6);
        float[] gates = new float[4];
        float[] ups = new float[4];
        float[] pulls = new float[4];
        for (int i = 0; i < 4; i++) {
            int x = Math.min(first + 256 * i, count - 1);
            gates[i] = g.get(g0 + x);
            ups[i] = dm.get(dm0 + x);
            pulls[i] = a.get(a0 + x) - k.get(k0 + x);
        }
        for (int i = 0; i < 4; i++) {
            int x = first + 256 * i;
            if (x < count) {
                da.set(da0 + x, gates[i] * ups[i]);
                dk.set(dk0 + x, (1f - gates[i]) * ups[i]);
                dpre.set(dpre0 + x, ups[i] * pulls[i] * gates[i] * (1f - gates[i]));
            }
        }
    }

    public static void middleHeadGroupsWeighted(KernelContext context, IntArray at, int p, FloatArray beta, FloatArray a, FloatArray k, FloatArray m,
            int width, int count) {
        int first = ElementGroups.elementGroupsFirst(context.groupIdx, context.localIdx);
        int beta0 = at.get(p);
        int a0 = at.get(p + 1);
        int k0 = at.get(p + 2);
        int m0 = at.get(p + 3);
        float[] logits = new float[4];
        float[] states = new float[4];
        float[] pulls = new float[4];
        for (int i = 0; i < 4; i++) {
            int x = Math.min(first + 256 * i, count - 1);
            logits[i] = beta.get(beta0 + x % width);
            states[i] = k.get(k0 + x);
            pulls[i] = a.get(a0 + x) - states[i];
        }
        for (int i = 0; i < 4; i++) {
            int x = first + 256 * i;
            if (x < count) {
                m.set(m0 + x, states[i] + MiddleHead.middleHeadSigmoid(logits[i]) * pulls[i]);
            }
        }
    }

    public static void middleHeadGroupsBackwardWeighted(KernelContext context, IntArray at, int p, FloatArray beta, FloatArray dm, FloatArray da, FloatArray dk,
            int width, int count) {
        int first = ElementGroups.elementGroupsFirst(context.groupIdx, context.localIdx);
        int beta0 = at.get(p);
        int dm0 = at.get(p + 1);
        int da0 = at.get(p + 2);
        int dk0 = at.get(p + 3);
        float[] logits = new float[4];
        float[] ups = new float[4];
        for (int i = 0; i < 4; i++) {
            int x = Math.min(first + 256 * i, count - 1);
            logits[i] = beta.get(beta0 + x % width);
            ups[i] = dm.get(dm0 + x);
        }
        for (int i = 0; i < 4; i++) {
            int x = first + 256 * i;
            if (x < count) {
                float share = MiddleHead.middleHeadSigmoid(logits[i]);
                da.set(da0 + x, share * ups[i]);
                dk.set(dk0 + x, (1f - share) * ups[i]);
            }
        }
    }
}
