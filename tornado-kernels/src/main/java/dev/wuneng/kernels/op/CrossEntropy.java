package dev.wuneng.kernels.op;

import dev.wuneng.kernels.host.CrossEntropyHost;
import dev.wuneng.kernels.run.HostForm;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import java.util.ArrayList;
import java.util.List;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Cross-entropy of rows of logits against one label each, over the first {@code tokens} of {@code width} columns (the rest is padding of
 * the vocabulary):
 *
 * <pre>
 *   lse_r = log Σ_(j &lt; tokens) exp(logits_rj),   loss_r = lse_r − logits_r,label
 *   dlogits_rj = scale · (exp(logits_rj − lse_r) − [j = label_r]),   0 where j ≥ tokens
 * </pre>
 *
 * <p>A negative label (−100) masks its row: loss and gradient are 0. {@code logits} is [rows, width], {@code labels}, {@code lse} and
 * {@code loss} are [rows]; {@code scale} is one element, 1 / the number of unmasked tokens of the whole optimizer step, while the losses
 * are not scaled. The gradient takes the place of the logits, for there is no room for two such arrays.
 *
 * <p>A row is summed by {@link #chunks} items and these sums are combined, so that a few rows of a large vocabulary keep a device busy.
 * {@code partial} is [rows, chunks, 2]: the largest logit and Σ exp(logit − largest).
 */
public final class CrossEntropy {
    /** Columns an item sums. */
    static final int CHUNK = 1024;

    private CrossEntropy() {
    }

    /** The number of items that share a row. */
    public static int chunks(int tokens) {
        return (tokens + CHUNK - 1) / CHUNK;
    }

    /** Elements of {@code partial}. */
    public static int partialSize(int rows, int tokens) {
        return Math.multiplyExact(rows, 2 * chunks(tokens));
    }

    /** Writes lse and loss; the logits stay. */
    public static List<Launch> loss(View logits, View labels, View partial, View lse, View loss, int rows, int width, int tokens) {
        int chunks = chunks(tokens);
        return List.of(
                Launch.of("cross_entropy.partial", CrossEntropy::crossEntropyPartial, rows * chunks, logits, partial, width, tokens, chunks)
                        .inGroups(CrossEntropyGroups.partial(rows, tokens))
                        .onHost(() -> new HostForm(rows * chunks, CrossEntropyHost.partial(logits, partial, width, tokens, chunks, CHUNK))),
                Launch.of("cross_entropy.combine", CrossEntropy::crossEntropyCombine, rows, logits, labels, partial, lse, loss, width, chunks));
    }

    /** Writes loss, and overwrites the logits with their gradient; lse is written of the rows that are not masked. */
    public static List<Launch> lossAndGradient(View logits, View labels, View scale, View partial, View lse, View loss, int rows, int width,
            int tokens) {
        List<Launch> launches = new ArrayList<>(loss(logits, labels, partial, lse, loss, rows, width, tokens));
        launches.add(Launch.of("cross_entropy.gradient", CrossEntropy::crossEntropyGradient, rows * width, logits, labels, lse, scale, width, tokens)
                .inGroups(CrossEntropyGroups.gradient(Math.multiplyExact(rows, width))));
        return Launch.together(launches, () -> new HostForm(rows, new CrossEntropyHost(logits, labels, scale, lse, loss, width, tokens)));
    }

    public static void crossEntropyPartial(int from, int to, IntArray at, int p, FloatArray logits, FloatArray partial, int width, int tokens, int chunks) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            int r = i / chunks;
            int l0 = at.get(p) + r * width;
            // Neighbouring items read neighbouring columns.
            int first = i - r * chunks;
            float largest = logits.get(l0 + first);
            for (int j = first + chunks; j < tokens; j += chunks) {
                largest = TornadoMath.max(largest, logits.get(l0 + j));
            }
            float sum = 0f;
            for (int j = first; j < tokens; j += chunks) {
                sum += TornadoMath.exp(logits.get(l0 + j) - largest);
            }
            partial.set(at.get(p + 1) + 2 * i, largest);
            partial.set(at.get(p + 1) + 2 * i + 1, sum);
        }
    }

    public static void crossEntropyCombine(int from, int to, IntArray at, int p, FloatArray logits, IntArray labels, FloatArray partial,
            FloatArray lse, FloatArray loss, int width, int chunks) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int r = from + item;
            int p0 = at.get(p + 2) + 2 * r * chunks;
            float largest = partial.get(p0);
            for (int c = 1; c < chunks; c++) {
                largest = TornadoMath.max(largest, partial.get(p0 + 2 * c));
            }
            float sum = 0f;
            for (int c = 0; c < chunks; c++) {
                sum += partial.get(p0 + 2 * c + 1) * TornadoMath.exp(partial.get(p0 + 2 * c) - largest);
            }
            float total = largest + TornadoMath.log(sum);
            int label = labels.get(at.get(p + 1) + r);
            float target = logits.get(at.get(p) + r * width + Math.max(0, label));
            lse.set(at.get(p + 3) + r, total);
            loss.set(at.get(p + 4) + r, label < 0 ? 0f : total - target);
        }
    }

    public static void crossEntropyGradient(int from, int to, IntArray at, int p, FloatArray logits, IntArray labels, FloatArray lse,
            FloatArray scale, int width, int tokens) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            int r = i / width;
            int j = i - r * width;
            int l = at.get(p) + i;
            int label = labels.get(at.get(p + 1) + r);
            float probability = TornadoMath.exp(logits.get(l) - lse.get(at.get(p + 2) + r));
            float gradient = scale.get(at.get(p + 3)) * (j == label ? probability - 1f : probability);
            logits.set(l, label < 0 || j >= tokens ? 0f : gradient);
        }
    }
}
