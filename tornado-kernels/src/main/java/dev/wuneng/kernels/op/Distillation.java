package dev.wuneng.kernels.op;

import dev.wuneng.kernels.host.DistillationHost;
import dev.wuneng.kernels.run.HostForm;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import java.util.List;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The loss of a student s against the logits t of its teacher at temperature τ, and against labels, over the first {@code tokens} columns
 * of both (vocabularies may be padded to different widths):
 *
 * <pre>
 *   p = softmax(t / τ),   q = softmax(s / τ)
 *   kl_r = τ² · Σ_j p_rj (log p_rj − log q_rj),   0 where mask_r = 0
 *   ce_r = −log softmax(s_r)_label,               0 where label_r &lt; 0
 *   ds_rj = scales_0 · mask_r · τ · (q_rj − p_rj) + scales_1 · [label_r ≥ 0] · (softmax(s_r)_j − [j = label_r]),   0 where j ≥ tokens
 * </pre>
 *
 * <p>{@code student} is [rows, studentWidth], {@code teacher} [rows, teacherWidth], {@code labels}, {@code mask} (0 or 1), {@code kl} and
 * {@code ce} are [rows]. {@code scales} is [2]: α / the tokens that the mask counts and β / the labelled tokens, of the whole optimizer step;
 * the losses are not scaled. The gradient takes the place of the student's logits. Source: Hinton et al., arXiv 1503.02531.
 *
 * <p>As in {@link CrossEntropy}, several items share a row. {@code partial} is [rows, chunks, 6]: for the student the largest logit,
 * Σ exp(s − largest) and Σ exp((s − largest) / τ); for the teacher the largest, e = Σ exp((t − largest) / τ), and the sum of the same
 * terms times (t − largest) − (s − largest). {@code stats} is [rows, 3]: log Σ exp of s, s / τ and t / τ.
 */
public final class Distillation {
    private static final int PARTIAL = 6;
    /** Values a row in {@code stats}. */
    public static final int STATS = 3;

    private Distillation() {
    }

    /** Elements of {@code partial}. */
    public static int partialSize(int rows, int tokens) {
        return Math.multiplyExact(rows, PARTIAL * CrossEntropy.chunks(tokens));
    }

    /** Writes kl and ce, and overwrites the student's logits with their gradient. */
    public static List<Launch> lossAndGradient(View student, View teacher, View labels, View mask, View scales, View partial, View stats, View kl,
            View ce, int rows, int studentWidth, int teacherWidth, int tokens, float temperature) {
        int chunks = CrossEntropy.chunks(tokens);
        List<Launch> launches = List.of(
                Launch.of("distillation.partial", Distillation::distillationPartial, rows * chunks, student, teacher, partial,
                        studentWidth, teacherWidth, tokens, chunks, temperature),
                Launch.of("distillation.combine", Distillation::distillationCombine, rows, student, labels, mask, partial, stats, kl, ce,
                        studentWidth, chunks, temperature),
                Launch.of("distillation.gradient", Distillation::distillationGradient, rows * studentWidth, student, teacher, labels, mask, stats,
                        scales, studentWidth, teacherWidth, tokens, temperature));
        return Launch.together(launches, () -> new HostForm(rows, new DistillationHost(student, teacher, labels, mask, scales, stats, kl, ce,
                studentWidth, teacherWidth, tokens, temperature)));
    }

    public static void distillationPartial(int from, int to, IntArray at, int p, FloatArray student, FloatArray teacher, FloatArray partial,
            int studentWidth, int teacherWidth, int tokens, int chunks, float temperature) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            int r = i / chunks;
            int s0 = at.get(p) + r * studentWidth;
            int t0 = at.get(p + 1) + r * teacherWidth;
            int first = i - r * chunks;
            float largestS = student.get(s0 + first);
            float largestT = teacher.get(t0 + first);
            for (int j = first + chunks; j < tokens; j += chunks) {
                largestS = TornadoMath.max(largestS, student.get(s0 + j));
                largestT = TornadoMath.max(largestT, teacher.get(t0 + j));
            }
            float sum = 0f;
            float warmS = 0f;
            float warmT = 0f;
            float apart = 0f;
            for (int j = first; j < tokens; j += chunks) {
                float s = student.get(s0 + j) - largestS;
                float t = teacher.get(t0 + j) - largestT;
                float e = TornadoMath.exp(t / temperature);
                sum += TornadoMath.exp(s);
                warmS += TornadoMath.exp(s / temperature);
                warmT += e;
                apart += e * (t - s);
            }
            int o = at.get(p + 2) + i * PARTIAL;
            partial.set(o, largestS);
            partial.set(o + 1, sum);
            partial.set(o + 2, warmS);
            partial.set(o + 3, largestT);
            partial.set(o + 4, warmT);
            partial.set(o + 5, apart);
        }
    }

    public static void distillationCombine(int from, int to, IntArray at, int p, FloatArray student, IntArray labels, IntArray mask,
            FloatArray partial, FloatArray stats, FloatArray kl, FloatArray ce, int studentWidth, int chunks, float temperature) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int r = from + item;
            int p0 = at.get(p + 3) + r * chunks * PARTIAL;
            float largestS = partial.get(p0);
            float largestT = partial.get(p0 + 3);
            for (int c = 1; c < chunks; c++) {
                largestS = TornadoMath.max(largestS, partial.get(p0 + c * PARTIAL));
                largestT = TornadoMath.max(largestT, partial.get(p0 + c * PARTIAL + 3));
            }
            float sum = 0f;
            float warmS = 0f;
            float warmT = 0f;
            float apart = 0f;
            for (int c = 0; c < chunks; c++) {
                int o = p0 + c * PARTIAL;
                float s = partial.get(o) - largestS;
                float t = partial.get(o + 3) - largestT;
                float e = TornadoMath.exp(t / temperature);
                sum += TornadoMath.exp(s) * partial.get(o + 1);
                warmS += TornadoMath.exp(s / temperature) * partial.get(o + 2);
                warmT += e * partial.get(o + 4);
                apart += e * (partial.get(o + 5) + partial.get(o + 4) * (t - s));
            }
            float divergence = apart / (temperature * warmT) - TornadoMath.log(warmT) + TornadoMath.log(warmS);
            float lse = largestS + TornadoMath.log(sum);
            int label = labels.get(at.get(p + 1) + r);
            float target = student.get(at.get(p) + r * studentWidth + Math.max(0, label));
            kl.set(at.get(p + 5) + r, mask.get(at.get(p + 2) + r) != 0 ? temperature * temperature * divergence : 0f);
            ce.set(at.get(p + 6) + r, label < 0 ? 0f : lse - target);
            int o = at.get(p + 4) + r * STATS;
            stats.set(o, lse);
            stats.set(o + 1, largestS / temperature + TornadoMath.log(warmS));
            stats.set(o + 2, largestT / temperature + TornadoMath.log(warmT));
        }
    }

    public static void distillationGradient(int from, int to, IntArray at, int p, FloatArray student, FloatArray teacher, IntArray labels,
            IntArray mask, FloatArray stats, FloatArray scales, int studentWidth, int teacherWidth, int tokens, float temperature) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            int r = i / studentWidth;
            int j = i - r * studentWidth;
            float gradient = 0f;
            if (j < tokens) {
                float s = student.get(at.get(p) + i);
                float t = teacher.get(at.get(p + 1) + r * teacherWidth + j);
                int o = at.get(p + 4) + r * STATS;
                int label = labels.get(at.get(p + 2) + r);
                if (mask.get(at.get(p + 3) + r) != 0) {
                    gradient = scales.get(at.get(p + 5)) * temperature
                            * (TornadoMath.exp(s / temperature - stats.get(o + 1)) - TornadoMath.exp(t / temperature - stats.get(o + 2)));
                }
                if (label >= 0) {
                    float probability = TornadoMath.exp(s - stats.get(o));
                    gradient += scales.get(at.get(p + 5) + 1) * (j == label ? probability - 1f : probability);
                }
            }
            student.set(at.get(p) + i, gradient);
        }
    }
}
