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
 * {@link CrossEntropy} as a GPU wants it. A chunk of a row, here consecutive columns, is read once by 32 items, which hold 32 elements each and
 * asked for all of them at once; a work-group has 8 such chunks, of one row or several. The gradient's elements are laid out as {@link ElementGroups}
 * says.
 *
 * <pre>
 *   item (slot, lane) = slot · 32 + lane   columns lane, lane + 32, … of the chunk
 * </pre>
 *
 * <p>Columns behind the last token count as {@link #NOTHING}, whose exponential is 0: every chunk has a token.
 */
final class CrossEntropyGroups {
    private static final float NOTHING = -1e30f;
    private static final int ITEMS = 256;
    private static final int SLOTS = ITEMS / 32;
    /** Each item's largest element and its sum. */
    private static final int LOCAL_BYTES = 2 * ITEMS * 4;

    private CrossEntropyGroups() {
    }

    static GroupForm partial(int rows, int tokens) {
        Kernel.K9<KernelContext, IntArray, Integer, FloatArray, FloatArray, Integer, Integer, Integer, Integer> kernel
                = CrossEntropyGroups::crossEntropyGroupsPartial;
        int count = Math.multiplyExact(rows, CrossEntropy.chunks(tokens));
        return new GroupForm(kernel, (count + SLOTS - 1) / SLOTS, ITEMS, LOCAL_BYTES, List.of(count));
    }

    static Optional<GroupForm> gradient(int count) {
        Kernel.K10<KernelContext, IntArray, Integer, FloatArray, IntArray, FloatArray, FloatArray, Integer, Integer, Integer> kernel
                = CrossEntropyGroups::crossEntropyGroupsGradient;
        return ElementGroups.form(kernel, count);
    }

    public static void crossEntropyGroupsPartial(KernelContext context, IntArray at, int p, FloatArray logits, FloatArray partial, int width, int tokens,
            int chunks, int count) {
        float[] most = context.allocateFloatLocalArray(256);
        float[] sums = context.allocateFloatLocalArray(256);
        int item = context.localIdx;
        int slot = item / 32;
        int lane = item - slot * 32;
        int wanted = context.groupIdx * 8 + slot;
        int i = Math.min(wanted, count - 1);
        int r = i / chunks;
        int first = (i - r * chunks) * CrossEntropy.CHUNK + lane;
        int l0 = at.get(p) + r * width;
        float[] values = new float[32];
        float own = NOTHING;
        for (int n = 0; n < 32; n++) {
            int j = first + 32 * n;
            float value = logits.get(l0 + Math.min(j, tokens - 1));
            values[n] = j < tokens ? value : NOTHING;
            own = TornadoMath.max(own, values[n]);
        }
        most[item] = own;
        context.localBarrier();
        float largest = NOTHING;
        for (int n = 0; n < 32; n++) {
            largest = TornadoMath.max(largest, most[slot * 32 + n]);
        }
        float part = 0f;
        for (int n = 0; n < 32; n++) {
            part += TornadoMath.exp(values[n] - largest);
        }
        sums[item] = part;
        context.localBarrier();
        if (lane == 0 && wanted < count) {
            float sum = 0f;
            for (int n = 0; n < 32; n++) {
                sum += sums[slot * 32 + n];
            }
            partial.set(at.get(p + 1) + 2 * i, largest);
            partial.set(at.get(p + 1) + 2 * i + 1, sum);
        }
    }

    public static void crossEntropyGroupsGradient(KernelContext context, IntArray at, int p, FloatArray logits, IntArray labels, FloatArray lse,
            FloatArray scale, int width, int tokens, int count) {
        int first = ElementGroups.elementGroupsFirst(context.groupIdx, context.localIdx);
        int l0 = at.get(p);
        int of0 = at.get(p + 1);
        int lse0 = at.get(p + 2);
        float factor = scale.get(at.get(p + 3));
        float[] results = new float[4];
        for (int n = 0; n < 4; n++) {
            int i = Math.min(first + 256 * n, count - 1);
            int r = i / width;
            int j = i - r * width;
            int label = labels.get(of0 + r);
            float probability = TornadoMath.exp(logits.get(l0 + i) - lse.get(lse0 + r));
            float gradient = factor * (j == label ? probability - 1f : probability);
            results[n] = label < 0 || j >= tokens ? 0f : gradient;
        }
        ElementGroups.elementGroupsWrite(logits, l0, results, first, count);
    }
}
