package dev.wuneng.kernels.op;

import dev.wuneng.kernels.host.AttentionForwardHost;
import dev.wuneng.kernels.host.AttentionKeyValueHost;
import dev.wuneng.kernels.host.AttentionPrepareHost;
import dev.wuneng.kernels.host.AttentionQueryHost;
import dev.wuneng.kernels.host.WholeVectors;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Causal softmax attention with grouped queries, within segments and a sliding window; no matrix of scores is ever stored.
 *
 * <pre>
 *   s_rj = q_r · k_j / √N,   lse_r = log Σ_j exp(s_rj),   p_rj = exp(s_rj − lse_r),   o_r = Σ_j p_rj v_j      first_r ≤ j ≤ r
 *
 *   D_r = Σ_n dO_rn o_rn,   ds_rj = p_rj (dO_r · v_j − D_r) / √N
 *   dq_r = Σ_j ds_rj k_j,   dk_j = Σ_r ds_rj q_r,   dv_j = Σ_r p_rj dO_r                                    j ≤ r ≤ last_j
 * </pre>
 *
 * <p>{@code q}, {@code o} are [rows, heads, headSize], {@code k}, {@code v} [rows, kvHeads, headSize]; query head h reads key and value head
 * h · kvHeads / heads (heads is a multiple of kvHeads), and dk, dv sum over the query heads that read them. {@code lse} is [rows, heads],
 * {@code stats} [rows, heads, 2] holds (lse, D). The mask is two rows of absolute row numbers, {@code first} and {@code last} [rows], see
 * {@link #fillSpans}. The sums run over the keys in one pass, with the running maximum of Milakov and Gimelshein, arXiv 1805.02867; backward
 * as in Dao et al., arXiv 2205.14135.
 */
public final class Attention {
    private Attention() {
    }

    /**
     * Fills the mask from the positions in segments: row r attends keys {@code first[r]…r}, and key r is attended by rows {@code r…last[r]}.
     *
     * @param length tokens a sequence; attention never crosses from one to the next
     * @param window how many keys a row attends at most, itself included; 0 for all
     */
    public static void fillSpans(int[] pos, int[] first, int[] last, int length, int window) {
        for (int r = 0; r < pos.length; r++) {
            int reach = Math.min(pos[r], r % length);
            first[r] = r - (window > 0 ? Math.min(reach, window - 1) : reach);
        }
        int end = pos.length - 1;
        for (int r = pos.length - 1; r >= 0; r--) {
            last[r] = window > 0 ? Math.min(end, r + window - 1) : end;
            if (pos[r] == 0 || r % length == 0) {
                end = r - 1;
            }
        }
    }

    /** Writes o and lse, of queries and keys that are rotated already. */
    public static Launch forward(View q, View k, View v, View first, View o, View lse, int rows, int heads, int kvHeads, int headSize) {
        return Launch.of("attention.forward", Attention::attentionForward, rows * heads, q, k, v, first, o, lse, heads, kvHeads, headSize)
                .onHost(() -> new AttentionForwardHost(q, k, v, first, o, lse, rows, heads, kvHeads, headSize).form());
    }

    /** Writes stats. */
    public static Launch backwardPrepare(View o, View dO, View lse, View stats, int rows, int heads, int headSize) {
        return Launch.of("attention.backward_prepare", Attention::attentionBackwardPrepare, rows * heads, o, dO, lse, stats, headSize)
                .onHost(() -> WholeVectors.form(headSize, rows * heads, AttentionPrepareHost.of(o, dO, lse, stats, headSize)));
    }

    /** Writes dq. */
    public static Launch backwardQuery(View q, View k, View v, View dO, View stats, View first, View dq,
            int rows, int heads, int kvHeads, int headSize) {
        return Launch.of("attention.backward_query", Attention::attentionBackwardQuery, rows * heads,
                q, k, v, dO, stats, first, dq, heads, kvHeads, headSize)
                .onHost(() -> new AttentionQueryHost(q, k, v, dO, stats, first, dq, rows, heads, kvHeads, headSize).form());
    }

    /** Writes dk and dv. */
    public static Launch backwardKeyValue(View q, View k, View v, View dO, View stats, View last, View dk, View dv,
            int rows, int heads, int kvHeads, int headSize) {
        return Launch.of("attention.backward_key_value", Attention::attentionBackwardKeyValue, rows * kvHeads,
                q, k, v, dO, stats, last, dk, dv, heads, kvHeads, headSize)
                .onHost(() -> new AttentionKeyValueHost(q, k, v, dO, stats, last, dk, dv, rows, heads, kvHeads, headSize).form());
    }

    public static void attentionForward(int from, int to, IntArray at, int p, FloatArray q, FloatArray k, FloatArray v, IntArray first,
            FloatArray o, FloatArray lse, int heads, int kvHeads, int headSize) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            int r = i / heads;
            int group = (i - r * heads) * kvHeads / heads * headSize;
            lse.set(at.get(p + 5) + i, attentionRow(q, at.get(p) + i * headSize, k, at.get(p + 1) + group, v, at.get(p + 2) + group, kvHeads * headSize,
                    first.get(at.get(p + 3) + r), r, o, at.get(p + 4) + i * headSize, headSize));
        }
    }

    public static void attentionBackwardPrepare(int from, int to, IntArray at, int p, FloatArray o, FloatArray dO, FloatArray lse,
            FloatArray stats, int headSize) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            int s0 = at.get(p + 3) + i * 2;
            stats.set(s0, lse.get(at.get(p + 2) + i));
            stats.set(s0 + 1, attentionDot(o, at.get(p) + i * headSize, dO, at.get(p + 1) + i * headSize, headSize));
        }
    }

    public static void attentionBackwardQuery(int from, int to, IntArray at, int p, FloatArray q, FloatArray k, FloatArray v, FloatArray dO,
            FloatArray stats, IntArray first, FloatArray dq, int heads, int kvHeads, int headSize) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            int r = i / heads;
            int group = (i - r * heads) * kvHeads / heads * headSize;
            int stride = kvHeads * headSize;
            int q0 = at.get(p) + i * headSize;
            int k0 = at.get(p + 1) + group;
            int v0 = at.get(p + 2) + group;
            int g0 = at.get(p + 3) + i * headSize;
            int d0 = at.get(p + 6) + i * headSize;
            float norm = stats.get(at.get(p + 4) + i * 2);
            float dot = stats.get(at.get(p + 4) + i * 2 + 1);
            float scale = 1f / TornadoMath.sqrt(headSize);
            float[] sum = new float[headSize];
            for (int n = 0; n < headSize; n++) {
                sum[n] = 0f;
            }
            for (int j = first.get(at.get(p + 5) + r); j <= r; j++) {
                float weight = TornadoMath.exp(attentionDot(q, q0, k, k0 + j * stride, headSize) * scale - norm);
                float ds = weight * (attentionDot(dO, g0, v, v0 + j * stride, headSize) - dot) * scale;
                for (int n = 0; n < headSize; n++) {
                    sum[n] += ds * k.get(k0 + j * stride + n);
                }
            }
            for (int n = 0; n < headSize; n++) {
                dq.set(d0 + n, sum[n]);
            }
        }
    }

    public static void attentionBackwardKeyValue(int from, int to, IntArray at, int p, FloatArray q, FloatArray k, FloatArray v, FloatArray dO,
            FloatArray stats, IntArray last, FloatArray dk, FloatArray dv, int heads, int kvHeads, int headSize) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            int j = i / kvHeads;
            int shared = heads / kvHeads;
            int k0 = at.get(p + 1) + i * headSize;
            int v0 = at.get(p + 2) + i * headSize;
            float scale = 1f / TornadoMath.sqrt(headSize);
            float[] dkSum = new float[headSize];
            float[] dvSum = new float[headSize];
            for (int n = 0; n < headSize; n++) {
                dkSum[n] = 0f;
                dvSum[n] = 0f;
            }
            int rows = last.get(at.get(p + 5) + j) - j + 1;
            for (int e = 0; e < rows * shared; e++) {
                int r = j + e / shared;
                int reader = r * heads + (i - j * kvHeads) * shared + (e - e / shared * shared);
                int q0 = at.get(p) + reader * headSize;
                int g0 = at.get(p + 3) + reader * headSize;
                int s0 = at.get(p + 4) + reader * 2;
                float weight = TornadoMath.exp(attentionDot(q, q0, k, k0, headSize) * scale - stats.get(s0));
                float ds = weight * (attentionDot(dO, g0, v, v0, headSize) - stats.get(s0 + 1)) * scale;
                for (int n = 0; n < headSize; n++) {
                    dkSum[n] += ds * q.get(q0 + n);
                    dvSum[n] += weight * dO.get(g0 + n);
                }
            }
            for (int n = 0; n < headSize; n++) {
                dk.set(at.get(p + 6) + i * headSize + n, dkSum[n]);
                dv.set(at.get(p + 7) + i * headSize + n, dvSum[n]);
            }
        }
    }

    /** One query over keys and values {@code first…last}, in one pass with the maximum so far; writes o and gives lse. */
    static float attentionRow(FloatArray q, int q0, FloatArray k, int k0, FloatArray v, int v0, int stride, int first, int last,
            FloatArray o, int o0, int headSize) {
        float scale = 1f / TornadoMath.sqrt(headSize);
        float[] sum = new float[headSize];
        for (int n = 0; n < headSize; n++) {
            sum[n] = 0f;
        }
        float top = -1e30f;
        float weights = 0f;
        for (int j = first; j <= last; j++) {
            float score = attentionDot(q, q0, k, k0 + j * stride, headSize) * scale;
            float next = TornadoMath.max(top, score);
            float keep = TornadoMath.exp(top - next);
            float weight = TornadoMath.exp(score - next);
            weights = weights * keep + weight;
            for (int n = 0; n < headSize; n++) {
                sum[n] = sum[n] * keep + weight * v.get(v0 + j * stride + n);
            }
            top = next;
        }
        for (int n = 0; n < headSize; n++) {
            o.set(o0 + n, sum[n] / weights);
        }
        return top + TornadoMath.log(weights);
    }

    static float attentionDot(FloatArray a, int a0, FloatArray b, int b0, int size) {
        float sum = 0f;
        for (int n = 0; n < size; n++) {
            sum += a.get(a0 + n) * b.get(b0 + n);
        }
        return sum;
    }
}
