package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
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
            // The query, the sum of weighted values, the scores of a span, products of the query with a vector's number of keys.
            float[] s = scratch.floats(2 * padded + SPAN + Lanes.LENGTH * Lanes.LENGTH);
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

    /** Leaves the scores of {@code count} keys in {@code s}, and lowest ones up to whole vectors, and gives the largest. */
    private static float scores(float[] s, MemorySegment k, int k0, int stride, int count, int headSize, int padded, float scale) {
        int scores = 2 * padded;
        int products = scores + SPAN;
        for (int c = 0; c < count; c += Lanes.LENGTH) {
            int keys = Math.min(Lanes.LENGTH, count - c);
            Arrays.fill(s, products, products + Lanes.LENGTH * Lanes.LENGTH, 0f);
            int n = 0;
            for (; n <= headSize - 4 * Lanes.LENGTH; n += 4 * Lanes.LENGTH) {
                multiplyFour(s, k, k0 + c * stride + n, stride, keys, n, products);
            }
            for (int i = 0; n < headSize && i < keys; i++) {
                multiplyRest(s, k, k0 + (c + i) * stride, n, headSize, products + i * Lanes.LENGTH);
            }
            LaneSums.addUp(s, products, scores + c);
        }
        Arrays.fill(s, scores + count, scores + Lanes.roundUp(count), -1e30f);
        FloatVector largest = Lanes.of(-1e30f);
        for (int c = 0; c < count; c += Lanes.LENGTH) {
            FloatVector score = FloatVector.fromArray(Lanes.SPECIES, s, scores + c).mul(scale);
            score.intoArray(s, scores + c);
            largest = largest.max(score);
        }
        return Lanes.max(largest);
    }

    /** Adds the products of four vectors of the query with those of every key, as vectors yet to be added up. */
    private static void multiplyFour(float[] s, MemorySegment k, int k0, int stride, int keys, int query, int products) {
        FloatVector q0 = FloatVector.fromArray(Lanes.SPECIES, s, query);
        FloatVector q1 = FloatVector.fromArray(Lanes.SPECIES, s, query + Lanes.LENGTH);
        FloatVector q2 = FloatVector.fromArray(Lanes.SPECIES, s, query + 2 * Lanes.LENGTH);
        FloatVector q3 = FloatVector.fromArray(Lanes.SPECIES, s, query + 3 * Lanes.LENGTH);
        for (int i = 0; i < keys; i++) {
            int key = k0 + i * stride;
            FloatVector sum = q0.fma(Lanes.load(k, key), FloatVector.fromArray(Lanes.SPECIES, s, products + i * Lanes.LENGTH));
            sum = q1.fma(Lanes.load(k, key + Lanes.LENGTH), sum);
            sum = q2.fma(Lanes.load(k, key + 2 * Lanes.LENGTH), sum);
            q3.fma(Lanes.load(k, key + 3 * Lanes.LENGTH), sum).intoArray(s, products + i * Lanes.LENGTH);
        }
    }

    /** The same for the rest of one key, from element n on. */
    private static void multiplyRest(float[] s, MemorySegment k, int key, int n, int headSize, int to) {
        FloatVector sum = FloatVector.fromArray(Lanes.SPECIES, s, to);
        for (; n <= headSize - Lanes.LENGTH; n += Lanes.LENGTH) {
            sum = FloatVector.fromArray(Lanes.SPECIES, s, n).fma(Lanes.load(k, key + n), sum);
        }
        if (n < headSize) {
            sum = FloatVector.fromArray(Lanes.SPECIES, s, n).fma(Lanes.load(k, key + n, headSize - n), sum);
        }
        sum.intoArray(s, to);
    }

    /** Makes weights exp(score − largest) of the scores, and gives their sum. */
    private static float weigh(float[] s, int scores, int count, float largest) {
        FloatVector sum = Lanes.of(0f);
        for (int c = 0; c < count; c += Lanes.LENGTH) {
            FloatVector weight = VectorMath.weight(FloatVector.fromArray(Lanes.SPECIES, s, scores + c).sub(largest));
            weight.intoArray(s, scores + c);
            sum = sum.add(weight);
        }
        return Lanes.sum(sum);
    }

    private static void addValues(float[] s, MemorySegment v, int v0, int stride, int count, int headSize, int padded) {
        int n = 0;
        for (; n <= headSize - 4 * Lanes.LENGTH; n += 4 * Lanes.LENGTH) {
            addFour(s, v, v0 + n, stride, count, padded + n, 2 * padded);
        }
        for (; n < headSize; n += Lanes.LENGTH) {
            FloatVector sum = FloatVector.fromArray(Lanes.SPECIES, s, padded + n);
            if (headSize - n >= Lanes.LENGTH) {
                for (int c = 0; c < count; c++) {
                    sum = Lanes.of(s[2 * padded + c]).fma(Lanes.load(v, v0 + c * stride + n), sum);
                }
            } else {
                for (int c = 0; c < count; c++) {
                    sum = Lanes.of(s[2 * padded + c]).fma(Lanes.load(v, v0 + c * stride + n, headSize - n), sum);
                }
            }
            sum.intoArray(s, padded + n);
        }
    }

    /**
     * Adds four vectors of every value at once: with one, each addition would wait for the one before. Two values at a time, the last perhaps again with its
     * weight of 0. (That also makes the method too long to be inlined into its caller, where the compiler's limits would be exceeded and vectors become objects.)
     */
    private static void addFour(float[] s, MemorySegment v, int v0, int stride, int count, int sums, int weights) {
        FloatVector s0 = FloatVector.fromArray(Lanes.SPECIES, s, sums);
        FloatVector s1 = FloatVector.fromArray(Lanes.SPECIES, s, sums + Lanes.LENGTH);
        FloatVector s2 = FloatVector.fromArray(Lanes.SPECIES, s, sums + 2 * Lanes.LENGTH);
        FloatVector s3 = FloatVector.fromArray(Lanes.SPECIES, s, sums + 3 * Lanes.LENGTH);
        for (int c = 0; c < count; c += 2) {
            FloatVector weight = FloatVector.broadcast(Lanes.SPECIES, s[weights + c]);
            int value = v0 + c * stride;
            s0 = weight.fma(FloatVector.fromMemorySegment(Lanes.SPECIES, v, 4L * value, ByteOrder.nativeOrder()), s0);
            s1 = weight.fma(FloatVector.fromMemorySegment(Lanes.SPECIES, v, 4L * (value + Lanes.LENGTH), ByteOrder.nativeOrder()), s1);
            s2 = weight.fma(FloatVector.fromMemorySegment(Lanes.SPECIES, v, 4L * (value + 2 * Lanes.LENGTH), ByteOrder.nativeOrder()), s2);
            s3 = weight.fma(FloatVector.fromMemorySegment(Lanes.SPECIES, v, 4L * (value + 3 * Lanes.LENGTH), ByteOrder.nativeOrder()), s3);
            weight = FloatVector.broadcast(Lanes.SPECIES, s[weights + c + 1]);
            value = v0 + Math.min(c + 1, count - 1) * stride;
            s0 = weight.fma(FloatVector.fromMemorySegment(Lanes.SPECIES, v, 4L * value, ByteOrder.nativeOrder()), s0);
            s1 = weight.fma(FloatVector.fromMemorySegment(Lanes.SPECIES, v, 4L * (value + Lanes.LENGTH), ByteOrder.nativeOrder()), s1);
            s2 = weight.fma(FloatVector.fromMemorySegment(Lanes.SPECIES, v, 4L * (value + 2 * Lanes.LENGTH), ByteOrder.nativeOrder()), s2);
            s3 = weight.fma(FloatVector.fromMemorySegment(Lanes.SPECIES, v, 4L * (value + 3 * Lanes.LENGTH), ByteOrder.nativeOrder()), s3);
        }
        s0.intoArray(s, sums);
        s1.intoArray(s, sums + Lanes.LENGTH);
        s2.intoArray(s, sums + 2 * Lanes.LENGTH);
        s3.intoArray(s, sums + 3 * Lanes.LENGTH);
    }

    private static void scaleSum(float[] s, int padded, float factor) {
        for (int n = 0; n < padded; n += Lanes.LENGTH) {
            FloatVector.fromArray(Lanes.SPECIES, s, padded + n).mul(factor).intoArray(s, padded + n);
        }
    }
}
