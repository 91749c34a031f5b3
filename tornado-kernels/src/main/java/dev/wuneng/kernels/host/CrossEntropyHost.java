package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.Scratch;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * {@link dev.wuneng.kernels.op.CrossEntropy}'s loss and gradient, a row at a time, so that memory is read once and written once: the first pass over a
 * row puts exp(logit − the largest so far) in the place of the logits, and while these are still in the second-level cache the next one scales them.
 * Items are rows.
 */
public final class CrossEntropyHost implements HostBody {
    /** Where, behind the numbers of the loops, the largest logit so far stands for each run of columns. */
    private static final int TOPS = 3;

    private final View logits;
    private final View labels;
    private final View scale;
    private final View lse;
    private final View loss;
    private final int width;
    private final int tokens;
    private final RowLoop largest = SoftmaxHost::largest;
    private final RowLoop weigh = SoftmaxHost::weigh;
    private final RowLoop rescale = SoftmaxHost::scale;

    /** The form of the launches with the views logits, partial; logits, labels, partial, lse, loss; logits, labels, lse, scale. */
    public CrossEntropyHost(View logits, View labels, View scale, View lse, View loss, int width, int tokens) {
        this.logits = logits;
        this.labels = labels;
        this.scale = scale;
        this.lse = lse;
        this.loss = loss;
        this.width = width;
        this.tokens = tokens;
    }

    /** The loss alone: items are (row, chunk), and chunks are runs of columns here. */
    public static HostBody partial(View logits, View partial, int width, int tokens, int chunks, int chunk) {
        RowLoop largest = SoftmaxHost::largest;
        RowLoop sum = SoftmaxHost::sum;
        return (from, to, at, scratch) -> {
            MemorySegment x = logits.segment();
            FloatArray out = partial.floats();
            float[] n = scratch.floats(3);
            for (int i = from; i < to; i++) {
                int r = i / chunks;
                int first = (i - r * chunks) * chunk;
                int size = Math.min(tokens - first, chunk);
                int x0 = at[0] + r * width + first;
                RowLoop.run(largest, x, x0, x, 0, size, n);
                n[1] = 1;
                RowLoop.run(sum, x, x0, x, 0, size, n);
                out.set(at[1] + 2 * i, n[0]);
                out.set(at[1] + 2 * i + 1, n[2]);
            }
        };
    }

    @Override
    public void run(int from, int to, int[] at, Scratch scratch) {
        float[] n = scratch.floats(TOPS + SoftmaxHost.runs(tokens));
        IntArray of = labels.buffer().ints();
        FloatArray totals = lse.floats();
        FloatArray losses = loss.floats();
        for (int r = from; r < to; r++) {
            int label = of.get(at[3] + r);
            int x0 = at[0] + r * width;
            int counted = label < 0 ? 0 : tokens;
            if (label >= 0) {
                float target = logits.floats().get(x0 + label);
                double total = weigh(x0, n);
                totals.set(at[5] + r, (float) total);
                losses.set(at[6] + r, (float) (total - target));
                float factor = scale.floats().get(at[10]);
                gradient(x0, total, factor, n);
                logits.floats().set(x0 + label, logits.floats().get(x0 + label) - factor);
            } else {
                totals.set(at[5] + r, 0f);
                losses.set(at[6] + r, 0f);
            }
            logits.segment().asSlice(4L * (x0 + counted), 4L * (width - counted)).fill((byte) 0);
        }
    }

    /** Leaves weights and the maxima they are relative to, and gives log Σ exp. */
    private double weigh(int x0, float[] n) {
        MemorySegment x = logits.segment();
        float top = SoftmaxHost.LOWEST;
        double sum = 0;
        for (int run = 0; run < SoftmaxHost.runs(tokens); run++) {
            int first = run * SoftmaxHost.COLUMNS;
            int size = Math.min(tokens - first, SoftmaxHost.COLUMNS);
            RowLoop.run(largest, x, x0 + first, x, 0, size, n);
            if (n[0] > top) {
                sum *= Math.exp(top - n[0]);
                top = n[0];
            }
            n[0] = top;
            n[1] = 1;
            RowLoop.run(weigh, x, x0 + first, x, 0, size, n);
            sum += n[2];
            n[TOPS + run] = top;
        }
        return top + Math.log(sum);
    }

    private void gradient(int x0, double total, float factor, float[] n) {
        MemorySegment x = logits.segment();
        float top = Float.NaN;
        float scaled = 0;
        for (int run = SoftmaxHost.runs(tokens) - 1; run >= 0; run--) {
            int first = run * SoftmaxHost.COLUMNS;
            if (n[TOPS + run] != top) {
                top = n[TOPS + run];
                scaled = (float) (factor * Math.exp(top - total));
            }
            n[0] = scaled;
            RowLoop.run(rescale, x, x0 + first, x, 0, Math.min(tokens - first, SoftmaxHost.COLUMNS), n);
        }
    }
}
