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
 *
 * <p>An item takes four keys (or four queries, where it sums over queries) at a time: four sums of products that do not wait for each other,
 * and a quarter of the passes over the sums in private memory. Where fewer than four are left, the last stands in for those that are not
 * there, with weight 0.
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
                .onHost(() -> new AttentionForwardHost(q, k, v, first, o, lse, rows, heads, kvHeads, headSize).form())
                .inGroups(AttentionGroups.forward(rows, heads, kvHeads, headSize));
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
                .onHost(() -> new AttentionQueryHost(q, k, v, dO, stats, first, dq, rows, heads, kvHeads, headSize).form())
                .inGroups(AttentionGradientGroups.query(rows, heads, kvHeads, headSize));
    }

    /** Writes dk and dv. */
    public static Launch backwardKeyValue(View q, View k, View v, View dO, View stats, View last, View dk, View dv,
            int rows, int heads, int kvHeads, int headSize) {
        return Launch.of("attention.backward_key_value", Attention::attentionBackwardKeyValue, rows * kvHeads,
                q, k, v, dO, stats, last, dk, dv, heads, kvHeads, headSize)
                .onHost(() -> new AttentionKeyValueHost(q, k, v, dO, stats, last, dk, dv, rows, heads, kvHeads, headSize).form())
                .inGroups(AttentionGradientGroups.keyValue(rows, heads, kvHeads, headSize));
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
            for (int j = first.get(at.get(p + 5) + r); j <= r; j += 4) {
                int j1 = Math.min(j + 1, r);
                int j2 = Math.min(j + 2, r);
                int j3 = Math.min(j + 3, r);
                float s0 = 0f;
                float s1 = 0f;
                float s2 = 0f;
                float s3 = 0f;
                float t0 = 0f;
                float t1 = 0f;
                float t2 = 0f;
                float t3 = 0f;
                for (int n = 0; n < headSize; n++) {
                    float x = q.get(q0 + n);
                    float g = dO.get(g0 + n);
                    s0 += x * k.get(k0 + j * stride + n);
                    s1 += x * k.get(k0 + j1 * stride + n);
                    s2 += x * k.get(k0 + j2 * stride + n);
                    s3 += x * k.get(k0 + j3 * stride + n);
                    t0 += g * v.get(v0 + j * stride + n);
                    t1 += g * v.get(v0 + j1 * stride + n);
                    t2 += g * v.get(v0 + j2 * stride + n);
                    t3 += g * v.get(v0 + j3 * stride + n);
                }
                float ds0 = TornadoMath.exp(s0 * scale - norm) * (t0 - dot) * scale;
                float ds1 = j + 1 <= r ? TornadoMath.exp(s1 * scale - norm) * (t1 - dot) * scale : 0f;
                float ds2 = j + 2 <= r ? TornadoMath.exp(s2 * scale - norm) * (t2 - dot) * scale : 0f;
                float ds3 = j + 3 <= r ? TornadoMath.exp(s3 * scale - norm) * (t3 - dot) * scale : 0f;
                for (int n = 0; n < headSize; n++) {
                    sum[n] += ds0 * k.get(k0 + j * stride + n) + ds1 * k.get(k0 + j1 * stride + n)
                            + ds2 * k.get(k0 + j2 * stride + n) + ds3 * k.get(k0 + j3 * stride + n);
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
            int readers = (last.get(at.get(p + 5) + j) - j + 1) * shared;
            int h0 = (i - j * kvHeads) * shared;
            for (int e = 0; e < readers; e += 4) {
                int r0 = attentionReader(e, readers, j, shared, heads) + h0;
                int r1 = attentionReader(e + 1, readers, j, shared, heads) + h0;
                int r2 = attentionReader(e + 2, readers, j, shared, heads) + h0;
                int r3 = attentionReader(e + 3, readers, j, shared, heads) + h0;
                int q0 = at.get(p);
                int g0 = at.get(p + 3);
                int stats0 = at.get(p + 4);
                float s0 = 0f;
                float s1 = 0f;
                float s2 = 0f;
                float s3 = 0f;
                float t0 = 0f;
                float t1 = 0f;
                float t2 = 0f;
                float t3 = 0f;
                for (int n = 0; n < headSize; n++) {
                    float key = k.get(k0 + n);
                    float value = v.get(v0 + n);
                    s0 += key * q.get(q0 + r0 * headSize + n);
                    s1 += key * q.get(q0 + r1 * headSize + n);
                    s2 += key * q.get(q0 + r2 * headSize + n);
                    s3 += key * q.get(q0 + r3 * headSize + n);
                    t0 += value * dO.get(g0 + r0 * headSize + n);
                    t1 += value * dO.get(g0 + r1 * headSize + n);
                    t2 += value * dO.get(g0 + r2 * headSize + n);
                    t3 += value * dO.get(g0 + r3 * headSize + n);
                }
                float w0 = TornadoMath.exp(s0 * scale - stats.get(stats0 + r0 * 2));
                float w1 = e + 1 < readers ? TornadoMath.exp(s1 * scale - stats.get(stats0 + r1 * 2)) : 0f;
                float w2 = e + 2 < readers ? TornadoMath.exp(s2 * scale - stats.get(stats0 + r2 * 2)) : 0f;
                float w3 = e + 3 < readers ? TornadoMath.exp(s3 * scale - stats.get(stats0 + r3 * 2)) : 0f;
                float ds0 = w0 * (t0 - stats.get(stats0 + r0 * 2 + 1)) * scale;
                float ds1 = w1 * (t1 - stats.get(stats0 + r1 * 2 + 1)) * scale;
                float ds2 = w2 * (t2 - stats.get(stats0 + r2 * 2 + 1)) * scale;
                float ds3 = w3 * (t3 - stats.get(stats0 + r3 * 2 + 1)) * scale;
                for (int n = 0; n < headSize; n++) {
                    dkSum[n] += ds0 * q.get(q0 + r0 * headSize + n) + ds1 * q.get(q0 + r1 * headSize + n)
                            + ds2 * q.get(q0 + r2 * headSize + n) + ds3 * q.get(q0 + r3 * headSize + n);
                    dvSum[n] += w0 * dO.get(g0 + r0 * headSize + n) + w1 * dO.get(g0 + r1 * headSize + n)
                            + w2 * dO.get(g0 + r2 * headSize + n) + w3 * dO.get(g0 + r3 * headSize + n);
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
        for (int j = first; j <= last; j += 4) {
            int j1 = Math.min(j + 1, last);
            int j2 = Math.min(j + 2, last);
            int j3 = Math.min(j + 3, last);
            float s0 = 0f;
            float s1 = 0f;
            float s2 = 0f;
            float s3 = 0f;
            for (int n = 0; n < headSize; n++) {
                float x = q.get(q0 + n);
                s0 += x * k.get(k0 + j * stride + n);
                s1 += x * k.get(k0 + j1 * stride + n);
                s2 += x * k.get(k0 + j2 * stride + n);
                s3 += x * k.get(k0 + j3 * stride + n);
            }
            float next = TornadoMath.max(top, scale * TornadoMath.max(TornadoMath.max(s0, s1), TornadoMath.max(s2, s3)));
            float keep = TornadoMath.exp(top - next);
            float w0 = TornadoMath.exp(s0 * scale - next);
            float w1 = j + 1 <= last ? TornadoMath.exp(s1 * scale - next) : 0f;
            float w2 = j + 2 <= last ? TornadoMath.exp(s2 * scale - next) : 0f;
            float w3 = j + 3 <= last ? TornadoMath.exp(s3 * scale - next) : 0f;
            weights = weights * keep + (w0 + w1) + (w2 + w3);
            for (int n = 0; n < headSize; n++) {
                sum[n] = sum[n] * keep + w0 * v.get(v0 + j * stride + n) + w1 * v.get(v0 + j1 * stride + n)
                        + w2 * v.get(v0 + j2 * stride + n) + w3 * v.get(v0 + j3 * stride + n);
            }
            top = next;
        }
        for (int n = 0; n < headSize; n++) {
            o.set(o0 + n, sum[n] / weights);
        }
        return top + TornadoMath.log(weights);
    }

    /** The row and head, but for the key's own first head, of the e-th of those that read a key: row after row, head after head; of the last where there is none. */
    static int attentionReader(int e, int readers, int row, int shared, int heads) {
        int last = Math.min(e, readers - 1);
        int r = last / shared;
        return (row + r) * heads + last - r * shared;
    }

    static float attentionDot(FloatArray a, int a0, FloatArray b, int b0, int size) {
        float sum = 0f;
        for (int n = 0; n < size; n++) {
            sum += a.get(a0 + n) * b.get(b0 + n);
        }
        return sum;
    }
}
