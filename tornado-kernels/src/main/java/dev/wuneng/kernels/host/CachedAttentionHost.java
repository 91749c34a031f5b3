package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** {@link dev.wuneng.kernels.op.CachedAttention} in vectors. */
public final class CachedAttentionHost {
    /** Keys whose scores are in memory at once; between spans the softmax is rescaled. */
    private static final int SPAN = 256;

    private CachedAttentionHost() {
    }

    /** Items are (row, head). */
    public static HostBody forward(View q, View keys, View values, View pos, View o, int heads, int kvHeads, int headSize, int window) {
        int padded = Lanes.roundUp(headSize);
        float scale = (float) (1 / Math.sqrt(headSize));
        return (from, to, at, scratch) -> {
            MemorySegment k = keys.segment();
            MemorySegment v = values.segment();
            IntArray positions = pos.buffer().ints();
            // The query, the sum of weighted values, the scores of a span.
            float[] s = scratch.floats(2 * padded + SPAN);
            for (int i = from; i < to; i++) {
                int r = i / heads;
                int group = (i - r * heads) * kvHeads / heads * headSize;
                int last = positions.get(at[3] + r);
                int first = window > 0 ? Math.max(0, last - window + 1) : 0;
                Lanes.read(q.segment(), at[0] + i * headSize, s, 0, headSize, 0f);
                Arrays.fill(s, padded, 2 * padded, 0f);
                float top = -1e30f;
                float weights = 0f;
                for (int j = first; j <= last; j += SPAN) {
                    int count = Math.min(SPAN, last + 1 - j);
                    float next = Math.max(top, scores(s, k, at[1] + group + j * kvHeads * headSize, kvHeads * headSize, count, headSize, padded, scale));
                    float keep = (float) Math.exp(top - next);
                    weights *= keep;
                    scaleSum(s, padded, keep);
                    weights += weigh(s, 2 * padded, count, next);
                    addValues(s, v, at[2] + group + j * kvHeads * headSize, kvHeads * headSize, count, headSize, padded);
                    top = next;
                }
                scaleSum(s, padded, 1 / weights);
                Lanes.write(s, padded, o.segment(), at[4] + i * headSize, headSize);
            }
        };
    }

    /** Leaves the scores of {@code count} keys in {@code s} and gives the largest. */
    private static float scores(float[] s, MemorySegment k, int k0, int stride, int count, int headSize, int padded, float scale) {
        float largest = -1e30f;
        int whole = Lanes.whole(headSize);
        for (int c = 0; c < count; c++) {
            int key = k0 + c * stride;
            FloatVector sum = Lanes.of(0f);
            for (int n = 0; n < whole; n += Lanes.LENGTH) {
                sum = Lanes.load(s, n).fma(Lanes.load(k, key + n), sum);
            }
            if (whole < headSize) {
                sum = Lanes.load(s, whole).fma(Lanes.load(k, key + whole, headSize - whole), sum);
            }
            float score = Lanes.sum(sum) * scale;
            s[2 * padded + c] = score;
            largest = Math.max(largest, score);
        }
        return largest;
    }

    /** Makes weights exp(score − largest) of the scores, and gives their sum. */
    private static float weigh(float[] s, int scores, int count, float largest) {
        Arrays.fill(s, scores + count, scores + Lanes.roundUp(count), -1e30f);
        FloatVector sum = Lanes.of(0f);
        for (int c = 0; c < count; c += Lanes.LENGTH) {
            FloatVector weight = VectorMath.weight(Lanes.load(s, scores + c).sub(largest));
            Lanes.store(weight, s, scores + c);
            sum = sum.add(weight);
        }
        return Lanes.sum(sum);
    }

    private static void addValues(float[] s, MemorySegment v, int v0, int stride, int count, int headSize, int padded) {
        for (int n = 0; n < headSize; n += Lanes.LENGTH) {
            FloatVector sum = Lanes.load(s, padded + n);
            if (headSize - n >= Lanes.LENGTH) {
                for (int c = 0; c < count; c++) {
                    sum = Lanes.of(s[2 * padded + c]).fma(Lanes.load(v, v0 + c * stride + n), sum);
                }
            } else {
                for (int c = 0; c < count; c++) {
                    sum = Lanes.of(s[2 * padded + c]).fma(Lanes.load(v, v0 + c * stride + n, headSize - n), sum);
                }
            }
            Lanes.store(sum, s, padded + n);
        }
    }

    private static void scaleSum(float[] s, int padded, float factor) {
        for (int n = 0; n < padded; n += Lanes.LENGTH) {
            Lanes.store(Lanes.load(s, padded + n).mul(factor), s, padded + n);
        }
    }
}
