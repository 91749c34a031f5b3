package dev.wuneng.kernels.op;

import dev.wuneng.kernels.host.GradientNormHost;
import dev.wuneng.kernels.run.GroupForm;
import dev.wuneng.kernels.run.HostForm;
import dev.wuneng.kernels.run.Kernel;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import java.util.Optional;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The norm of all gradients, and the factor that brings it down to {@code clip}:
 *
 * <pre>
 *   norm = (Σ g²)^(1/2),   factor = min(1, clip / (norm + 1e-6)),   0 where the norm is not finite
 * </pre>
 *
 * <p>Each range of the gradients writes {@link #partials} sums; ranges whose sums stand behind each other are combined at once.
 * {@code norm} is [2]: norm and factor. A gradient that is not finite gives a norm that is not, and the factor 0 tells {@link AdamW} to
 * leave everything as it is. Source: Pascanu et al., arXiv 1211.5063.
 */
public final class GradientNorm {
    /** The most sums a range is cut into: enough items for a device, few enough for one item to add up. */
    private static final int PARTIALS = 1024;
    /** The fewest elements a sum. */
    private static final int SHARE = 256;

    private GradientNorm() {
    }

    /** The number of sums a range of {@code count} elements writes. */
    public static int partials(int count) {
        return Math.min(PARTIALS, (count + SHARE - 1) / SHARE);
    }

    /** Writes the sums of squares of a range. */
    public static Launch partial(View gradients, View partial, int count) {
        int partials = partials(count);
        return Launch.of("gradient_norm.partial", GradientNorm::gradientNormPartial, partials, gradients, partial, count, partials)
                .inGroups(inGroups(count, partials))
                .onHost(() -> new HostForm(partials, GradientNormHost.partial(gradients, partial, count, partials)));
    }

    /** A work-group computes a sum where the plain kernel has one item for it, which are few for a GPU. */
    private static Optional<GroupForm> inGroups(int count, int partials) {
        Kernel.K7<KernelContext, IntArray, Integer, FloatArray, FloatArray, Integer, Integer> kernel = GradientNorm::gradientNormGroupsPartial;
        return count < SHARE || count > Integer.MAX_VALUE - PARTIALS * SHARE ? Optional.empty() : Optional.of(new GroupForm(kernel, partials, SHARE, (SHARE + 16) * 4));
    }

    /** Writes norm from {@code partials} sums of all ranges; a clip of 0 clips nothing. */
    public static Launch combine(View partial, View norm, int partials, float clip) {
        return Launch.of("gradient_norm.combine", GradientNorm::gradientNormCombine, 1, partial, norm, partials, clip > 0f ? clip : 1e30f);
    }

    public static void gradientNormPartial(int from, int to, IntArray at, int p, FloatArray gradients, FloatArray partial, int count, int partials) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            int g0 = at.get(p);
            float sum = 0f;
            // Neighbouring items read neighbouring elements.
            for (int j = i; j < count; j += partials) {
                sum += gradients.get(g0 + j) * gradients.get(g0 + j);
            }
            partial.set(at.get(p + 1) + i, sum);
        }
    }

    public static void gradientNormGroupsPartial(KernelContext context, IntArray at, int p, FloatArray gradients, FloatArray partial, int count, int partials) {
        float[] sums = context.allocateFloatLocalArray(256);
        float[] few = context.allocateFloatLocalArray(16);
        int item = context.localIdx;
        int g0 = at.get(p);
        float own = 0f;
        for (int j = context.groupIdx * 256 + item; j < count; j += partials * 256) {
            own += gradients.get(g0 + j) * gradients.get(g0 + j);
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
            partial.set(at.get(p + 1) + context.groupIdx, sum);
        }
    }

    public static void gradientNormCombine(int from, int to, IntArray at, int p, FloatArray partial, FloatArray norm, int partials, float clip) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            float sum = 0f;
            for (int j = 0; j < partials; j++) {
                sum += partial.get(at.get(p) + j);
            }
            float root = TornadoMath.sqrt(sum);
            norm.set(at.get(p + 1) + i, root);
            // Written so that NaN takes the branch of 0.
            norm.set(at.get(p + 1) + i + 1, root < 1e30f ? TornadoMath.min(1f, clip / (root + 1e-6f)) : 0f);
        }
    }
}
