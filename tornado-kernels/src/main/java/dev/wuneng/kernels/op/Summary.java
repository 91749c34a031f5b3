package dev.wuneng.kernels.op;

import dev.wuneng.kernels.host.SummaryHost;
import dev.wuneng.kernels.host.WholeVectors;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The summary of the state that the other heads see: the readout y, normed per head, and a bonus for the token itself.
 *
 * <pre>
 *   ŷ = (y − mean(y)) / (var(y) + eps)^(1/2)        c = Σ_j r_j k̂_j r_k,j        s = ŷ ⊙ weight + bias + c v
 *
 *   g  = ds ⊙ weight,   dy = (g − mean(g) − ŷ mean(g ⊙ ŷ)) / (var(y) + eps)^(1/2)
 *   dc = Σ_i ds_i v_i,  dv += c ds,  dr += dc k̂ ⊙ r_k,  dk̂ += dc r ⊙ r_k
 *   dweight += Σ_t ds ⊙ ŷ,  dbias += Σ_t ds,  dr_k += Σ_t dc r ⊙ k̂
 * </pre>
 *
 * <p>Means are over one head, the variance is biased. {@code y, s, ds, dy} are [rows, heads · headSize], {@code weight, bias, rk}
 * [heads · headSize]; k̂, v and r stand in {@code streams} and their gradients in {@code dstreams} ({@link StateStreams}).
 * {@code stats} [rows, heads, 3] keeps the mean, the reciprocal deviation and c; {@code dc} is [rows, heads]. Source: RWKV-7, arXiv 2503.14456.
 */
public final class Summary {
    private Summary() {
    }

    /** Writes s and stats. */
    public static Launch forward(View y, View weight, View bias, View streams, View rk, View s, View stats, int rows, int heads, int headSize, float eps) {
        return Launch.of("summary.forward", Summary::summaryForward, rows * heads, y, weight, bias, streams, rk, s, stats, heads, headSize, eps)
                .inGroups(SummaryGroups.forward(rows * heads, headSize))
                .onHost(() -> WholeVectors.form(headSize, rows, SummaryHost.forward(y, weight, bias, streams, rk, s, stats, heads, headSize, eps)));
    }

    /** Writes dy. */
    public static Launch backwardReadout(View y, View weight, View stats, View ds, View dy, int rows, int heads, int headSize) {
        return Launch.of("summary.backward_readout", Summary::summaryBackwardReadout, rows * heads, y, weight, stats, ds, dy, heads, headSize)
                .inGroups(SummaryGroups.backwardReadout(rows * heads, headSize))
                .onHost(() -> WholeVectors.form(headSize, rows * heads, SummaryHost.backwardReadout(y, weight, stats, ds, dy, heads, headSize)));
    }

    /** Adds to the gradients of k̂, v and r in dstreams, which {@link StateScanBackward#gradients} wrote before, and writes dc. */
    public static Launch backwardBonus(View streams, View rk, View stats, View ds, View dstreams, View dc, int rows, int heads, int headSize) {
        return Launch.of("summary.backward_bonus", Summary::summaryBackwardBonus, rows * heads, streams, rk, stats, ds, dstreams, dc, heads, headSize)
                .inGroups(SummaryGroups.backwardBonus(rows * heads, headSize))
                .onHost(() -> WholeVectors.form(headSize, rows, SummaryHost.backwardBonus(streams, rk, stats, ds, dstreams, dc, heads, headSize)));
    }

    /**
     * Writes the sums over blocks of rows, which {@link ColumnSum} adds up: partial is [3, blocks, heads · headSize], for weight, bias
     * and r_k. It follows {@link #backwardBonus}.
     */
    public static Launch backwardWeights(View y, View streams, View stats, View ds, View dc, View partial, int rows, int heads, int headSize) {
        return Launch.of("summary.backward_weights", Summary::summaryBackwardWeights, ColumnSum.blocks(rows) * heads * headSize,
                y, streams, stats, ds, dc, partial, rows, heads, headSize, ColumnSum.BLOCK)
                .inGroups(SummaryGroups.backwardWeights(rows, heads * headSize))
                .onHost(() -> WholeVectors.form(headSize, ColumnSum.blocks(rows) * heads,
                        SummaryHost.backwardWeights(y, streams, stats, ds, dc, partial, rows, heads, headSize, ColumnSum.BLOCK)));
    }

    public static void summaryForward(int from, int to, IntArray at, int p, FloatArray y, FloatArray weight, FloatArray bias, FloatArray streams,
            FloatArray rk, FloatArray s, FloatArray stats, int heads, int headSize, float eps) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int n = from + item;
            int c0 = (n % heads) * headSize;
            int w0 = at.get(p + 1) + c0;
            int b0 = at.get(p + 2) + c0;
            int k0 = at.get(p + 3) + (n * 6 + 3) * headSize;
            int v0 = k0 + headSize;
            int r0 = v0 + headSize;
            int rk0 = at.get(p + 4) + c0;
            int y0 = at.get(p) + n * headSize;
            int o0 = at.get(p + 5) + n * headSize;
            float sum = 0f;
            float bonus = 0f;
            for (int j = 0; j < headSize; j++) {
                sum += y.get(y0 + j);
                bonus += streams.get(r0 + j) * streams.get(k0 + j) * rk.get(rk0 + j);
            }
            float mean = sum / headSize;
            float squares = 0f;
            for (int j = 0; j < headSize; j++) {
                float d = y.get(y0 + j) - mean;
                squares += d * d;
            }
            float scale = 1f / TornadoMath.sqrt(squares / headSize + eps);
            for (int j = 0; j < headSize; j++) {
                s.set(o0 + j, (y.get(y0 + j) - mean) * scale * weight.get(w0 + j) + bias.get(b0 + j) + bonus * streams.get(v0 + j));
            }
            int t0 = at.get(p + 6) + n * 3;
            stats.set(t0, mean);
            stats.set(t0 + 1, scale);
            stats.set(t0 + 2, bonus);
        }
    }

    public static void summaryBackwardReadout(int from, int to, IntArray at, int p, FloatArray y, FloatArray weight, FloatArray stats, FloatArray ds,
            FloatArray dy, int heads, int headSize) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int n = from + item;
            int y0 = at.get(p) + n * headSize;
            int w0 = at.get(p + 1) + (n % heads) * headSize;
            int g0 = at.get(p + 3) + n * headSize;
            int d0 = at.get(p + 4) + n * headSize;
            float mean = stats.get(at.get(p + 2) + n * 3);
            float scale = stats.get(at.get(p + 2) + n * 3 + 1);
            float sum = 0f;
            float dot = 0f;
            for (int j = 0; j < headSize; j++) {
                float g = ds.get(g0 + j) * weight.get(w0 + j);
                sum += g;
                dot += g * (y.get(y0 + j) - mean);
            }
            float level = sum / headSize;
            float pull = dot * scale * scale / headSize;
            for (int j = 0; j < headSize; j++) {
                dy.set(d0 + j, scale * (ds.get(g0 + j) * weight.get(w0 + j) - level - (y.get(y0 + j) - mean) * pull));
            }
        }
    }

    public static void summaryBackwardBonus(int from, int to, IntArray at, int p, FloatArray streams, FloatArray rk, FloatArray stats, FloatArray ds,
            FloatArray dstreams, FloatArray dc, int heads, int headSize) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int n = from + item;
            int k0 = at.get(p) + (n * 6 + 3) * headSize;
            int v0 = k0 + headSize;
            int r0 = v0 + headSize;
            int rk0 = at.get(p + 1) + (n % heads) * headSize;
            int g0 = at.get(p + 3) + n * headSize;
            int dk0 = at.get(p + 4) + (n * 6 + 3) * headSize;
            int dv0 = dk0 + headSize;
            int dr0 = dv0 + headSize;
            float bonus = stats.get(at.get(p + 2) + n * 3 + 2);
            float sum = 0f;
            for (int j = 0; j < headSize; j++) {
                sum += ds.get(g0 + j) * streams.get(v0 + j);
            }
            for (int j = 0; j < headSize; j++) {
                float scaled = sum * rk.get(rk0 + j);
                dstreams.set(dk0 + j, dstreams.get(dk0 + j) + scaled * streams.get(r0 + j));
                dstreams.set(dv0 + j, dstreams.get(dv0 + j) + bonus * ds.get(g0 + j));
                dstreams.set(dr0 + j, dstreams.get(dr0 + j) + scaled * streams.get(k0 + j));
            }
            dc.set(at.get(p + 5) + n, sum);
        }
    }

    public static void summaryBackwardWeights(int from, int to, IntArray at, int p, FloatArray y, FloatArray streams, FloatArray stats, FloatArray ds,
            FloatArray dc, FloatArray partial, int rows, int heads, int headSize, int block) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int n = from + item;
            int columns = heads * headSize;
            int b = n / columns;
            int c = n - b * columns;
            int h = c / headSize;
            int j = c - h * headSize;
            int end = Math.min(rows, (b + 1) * block);
            int y0 = at.get(p) + c;
            int k0 = at.get(p + 1) + (h * 6 + 3) * headSize + j;
            int t0 = at.get(p + 2) + h * 3;
            int g0 = at.get(p + 3) + c;
            int dc0 = at.get(p + 4) + h;
            float forWeight = 0f;
            float forBias = 0f;
            float forRk = 0f;
            for (int r = b * block; r < end; r++) {
                int t = t0 + r * heads * 3;
                int k = k0 + r * heads * 6 * headSize;
                float g = ds.get(g0 + r * columns);
                forWeight += g * (y.get(y0 + r * columns) - stats.get(t)) * stats.get(t + 1);
                forBias += g;
                forRk += dc.get(dc0 + r * heads) * streams.get(k) * streams.get(k + 2 * headSize);
            }
            int size = (rows + block - 1) / block * columns;
            int o = at.get(p + 5) + n;
            partial.set(o, forWeight);
            partial.set(o + size, forBias);
            partial.set(o + 2 * size, forRk);
        }
    }
}
