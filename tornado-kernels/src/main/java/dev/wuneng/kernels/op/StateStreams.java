package dev.wuneng.kernels.op;

import dev.wuneng.kernels.host.StateStreamsHost;
import dev.wuneng.kernels.host.WholeVectors;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * What drives the state of {@link StateScan}, token by token. For every head (all products elementwise):
 *
 * <pre>
 *   w = exp(−e^(−1/2) g)   g = σ(lw)        a = σ(la)
 *   κ̂ = p / max(‖p‖, 1e-12), p = k ⊙ k_k        b = κ̂ ⊙ a        k̂ = k ⊙ (1 + (a − 1) ⊙ k_a)
 *
 *   da  = db ⊙ κ̂ + dk̂ ⊙ k ⊙ k_a,   dla = da ⊙ a ⊙ (1 − a),   dlw = −e^(−1/2) dw ⊙ w ⊙ g ⊙ (1 − g)
 *   q   = dκ̂ + db ⊙ a,   dp = (q − κ̂ (κ̂·q)) / ‖p‖,   dk = dp ⊙ k_k + dk̂ ⊙ (1 + (a − 1) ⊙ k_a)
 *   dk_k += Σ_t dp ⊙ k,   dk_a += Σ_t dk̂ ⊙ k ⊙ (a − 1)
 * </pre>
 *
 * <p>Where a segment begins ({@code pos} is 0) w and b are written as zero: that is what makes the state begin anew, and no gradient
 * comes through them there.
 *
 * <p>{@code k, lw, la, g, a} are [rows, heads · headSize]; g and a are kept for the backward launches, which then need no exponential. {@code k_k, k_a} [heads · headSize]. {@code streams} is
 * [rows, heads, {@link #VECTORS}, headSize] in the order w, κ̂, b, k̂, v, r, so that one head's token lies together; its gradient
 * {@code dstreams} has the same layout. v and r are written, and their gradients read, where they stand ({@link #V}, {@link #R}), by
 * {@link TokenShift}. Source: RWKV-7, arXiv 2503.14456.
 */
public final class StateStreams {
    /** Vectors that a token has in each head. */
    public static final int VECTORS = 6;
    /** Where v stands among them; its elements begin at V · headSize. */
    public static final int V = 4;
    /** Where r stands among them. */
    public static final int R = 5;

    /** e^(−1/2): the decay is never under exp(−0.607) = 0.545 a token. */
    public static final float STEEPEST = 0.60653066f;
    /** The least length that p is divided by. */
    public static final float SHORTEST = 1e-12f;

    private StateStreams() {
    }

    /** Writes streams, all but v and r, and g and a. */
    public static Launch forward(View k, View lw, View la, View kk, View ka, View pos, View streams, View g, View a,
            int rows, int heads, int headSize) {
        return Launch.of("state_streams.forward", StateStreams::stateStreamsForward, rows * heads,
                k, lw, la, kk, ka, pos, streams, g, a, heads, headSize)
                .inGroups(StateStreamsGroups.forward(rows * heads, headSize))
                .onHost(() -> WholeVectors.form(headSize, rows, StateStreamsHost.forward(k, lw, la, kk, ka, pos, streams, g, a, heads, headSize)));
    }

    /** Writes dlw and dla. */
    public static Launch backwardGates(View k, View g, View a, View ka, View pos, View streams, View dstreams, View dlw, View dla,
            int rows, int heads, int headSize) {
        return Launch.of("state_streams.backward_gates", StateStreams::stateStreamsBackwardGates, rows * heads,
                k, g, a, ka, pos, streams, dstreams, dlw, dla, heads, headSize)
                .inGroups(StateStreamsGroups.backwardGates(rows * heads, headSize))
                .onHost(() -> WholeVectors.form(headSize, rows, StateStreamsHost.backwardGates(k, g, a, ka, pos, streams, dstreams, dlw, dla, heads, headSize)));
    }

    /** Writes dk and dp [rows, heads · headSize], which {@link #backwardScales} needs. */
    public static Launch backwardKey(View k, View a, View kk, View ka, View pos, View dstreams, View dk, View dp,
            int rows, int heads, int headSize) {
        return Launch.of("state_streams.backward_key", StateStreams::stateStreamsBackwardKey, rows * heads,
                k, a, kk, ka, pos, dstreams, dk, dp, heads, headSize)
                .inGroups(StateStreamsGroups.backwardKey(rows * heads, headSize))
                .onHost(() -> WholeVectors.form(headSize, rows, StateStreamsHost.backwardKey(k, a, kk, ka, pos, dstreams, dk, dp, heads, headSize)));
    }

    /**
     * Writes the sums over blocks of rows, which {@link ColumnSum} adds up: partial is [2, blocks, heads · headSize], for k_k and
     * then k_a.
     */
    public static Launch backwardScales(View k, View a, View dp, View dstreams, View partial, int rows, int heads, int headSize) {
        return Launch.of("state_streams.backward_scales", StateStreams::stateStreamsBackwardScales,
                ColumnSum.blocks(rows) * heads * headSize, k, a, dp, dstreams, partial, rows, heads, headSize, ColumnSum.BLOCK)
                .inGroups(StateStreamsGroups.backwardScales(rows, heads * headSize))
                .onHost(() -> WholeVectors.form(headSize, ColumnSum.blocks(rows) * heads,
                        StateStreamsHost.backwardScales(k, a, dp, dstreams, partial, rows, heads, headSize, ColumnSum.BLOCK)));
    }

    static float stateStreamsSigmoid(float x) {
        return 1f / (1f + TornadoMath.exp(-x));
    }

    public static void stateStreamsForward(int from, int to, IntArray at, int p, FloatArray k, FloatArray lw, FloatArray la, FloatArray kk,
            FloatArray ka, IntArray pos, FloatArray streams, FloatArray g, FloatArray a, int heads, int headSize) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int n = from + item;
            int row = n / heads;
            int x0 = n * headSize;
            int k0 = at.get(p) + x0;
            int lw0 = at.get(p + 1) + x0;
            int la0 = at.get(p + 2) + x0;
            int c0 = (n - row * heads) * headSize;
            int kk0 = at.get(p + 3) + c0;
            int ka0 = at.get(p + 4) + c0;
            int s0 = at.get(p + 6) + n * VECTORS * headSize;
            int g0 = at.get(p + 7) + x0;
            int a0 = at.get(p + 8) + x0;
            float keep = pos.get(at.get(p + 5) + row) == 0 ? 0f : 1f;
            float squares = 0f;
            for (int j = 0; j < headSize; j++) {
                float pj = k.get(k0 + j) * kk.get(kk0 + j);
                squares += pj * pj;
            }
            float scale = 1f / TornadoMath.max(TornadoMath.sqrt(squares), SHORTEST);
            for (int j = 0; j < headSize; j++) {
                float kj = k.get(k0 + j);
                float gate = stateStreamsSigmoid(lw.get(lw0 + j));
                float rate = stateStreamsSigmoid(la.get(la0 + j));
                float removal = kj * kk.get(kk0 + j) * scale;
                streams.set(s0 + j, keep * TornadoMath.exp(-STEEPEST * gate));
                streams.set(s0 + headSize + j, removal);
                streams.set(s0 + 2 * headSize + j, keep * removal * rate);
                streams.set(s0 + 3 * headSize + j, kj * (1f + (rate - 1f) * ka.get(ka0 + j)));
                g.set(g0 + j, gate);
                a.set(a0 + j, rate);
            }
        }
    }

    public static void stateStreamsBackwardGates(int from, int to, IntArray at, int p, FloatArray k, FloatArray g, FloatArray a, FloatArray ka,
            IntArray pos, FloatArray streams, FloatArray dstreams, FloatArray dlw, FloatArray dla, int heads, int headSize) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int n = from + item;
            int row = n / heads;
            int x0 = n * headSize;
            int k0 = at.get(p) + x0;
            int g0 = at.get(p + 1) + x0;
            int a0 = at.get(p + 2) + x0;
            int dlw0 = at.get(p + 7) + x0;
            int dla0 = at.get(p + 8) + x0;
            int c0 = at.get(p + 3) + (n - row * heads) * headSize;
            int s0 = at.get(p + 5) + n * VECTORS * headSize;
            int d0 = at.get(p + 6) + n * VECTORS * headSize;
            float keep = pos.get(at.get(p + 4) + row) == 0 ? 0f : 1f;
            for (int j = 0; j < headSize; j++) {
                float gate = g.get(g0 + j);
                float rate = a.get(a0 + j);
                float da = keep * dstreams.get(d0 + 2 * headSize + j) * streams.get(s0 + headSize + j)
                        + dstreams.get(d0 + 3 * headSize + j) * k.get(k0 + j) * ka.get(c0 + j);
                // Where a segment begins the stream's w is zero, and so is this gradient.
                dlw.set(dlw0 + j, -STEEPEST * dstreams.get(d0 + j) * streams.get(s0 + j) * gate * (1f - gate));
                dla.set(dla0 + j, da * rate * (1f - rate));
            }
        }
    }

    public static void stateStreamsBackwardKey(int from, int to, IntArray at, int p, FloatArray k, FloatArray a, FloatArray kk, FloatArray ka,
            IntArray pos, FloatArray dstreams, FloatArray dk, FloatArray dp, int heads, int headSize) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int n = from + item;
            int row = n / heads;
            int x0 = n * headSize;
            int k0 = at.get(p) + x0;
            int a0 = at.get(p + 1) + x0;
            int dk0 = at.get(p + 6) + x0;
            int c0 = (n - row * heads) * headSize;
            int kk0 = at.get(p + 2) + c0;
            int ka0 = at.get(p + 3) + c0;
            int d0 = at.get(p + 5) + n * VECTORS * headSize;
            int o0 = at.get(p + 7) + x0;
            float keep = pos.get(at.get(p + 4) + row) == 0 ? 0f : 1f;
            float squares = 0f;
            float dot = 0f;
            for (int j = 0; j < headSize; j++) {
                float pj = k.get(k0 + j) * kk.get(kk0 + j);
                float rate = a.get(a0 + j);
                float q = dstreams.get(d0 + headSize + j) + keep * dstreams.get(d0 + 2 * headSize + j) * rate;
                squares += pj * pj;
                dot += pj * q;
                dp.set(o0 + j, q);
                dk.set(dk0 + j, dstreams.get(d0 + 3 * headSize + j) * (1f + (rate - 1f) * ka.get(ka0 + j)));
            }
            float length = TornadoMath.sqrt(squares);
            float scale = 1f / TornadoMath.max(length, SHORTEST);
            // A vector under the least length is only multiplied, so nothing flows through its length.
            float pull = length > SHORTEST ? dot * scale * scale : 0f;
            for (int j = 0; j < headSize; j++) {
                float kkj = kk.get(kk0 + j);
                float gradient = (dp.get(o0 + j) - k.get(k0 + j) * kkj * pull) * scale;
                dp.set(o0 + j, gradient);
                int d = dk0 + j;
                dk.set(d, dk.get(d) + gradient * kkj);
            }
        }
    }

    public static void stateStreamsBackwardScales(int from, int to, IntArray at, int p, FloatArray k, FloatArray a, FloatArray dp,
            FloatArray dstreams, FloatArray partial, int rows, int heads, int headSize, int block) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int n = from + item;
            int columns = heads * headSize;
            int b = n / columns;
            int c = n - b * columns;
            int h = c / headSize;
            int k0 = at.get(p) + c;
            int a0 = at.get(p + 1) + c;
            int dp0 = at.get(p + 2) + c;
            int d0 = at.get(p + 3) + (h * VECTORS + 3) * headSize + c - h * headSize;
            int end = Math.min(rows, (b + 1) * block);
            float forKk = 0f;
            float forKa = 0f;
            for (int r = b * block; r < end; r++) {
                int x = r * columns;
                float kj = k.get(k0 + x);
                forKk += dp.get(dp0 + x) * kj;
                forKa += dstreams.get(d0 + r * heads * VECTORS * headSize) * kj * (a.get(a0 + x) - 1f);
            }
            int o = at.get(p + 4) + n;
            partial.set(o, forKk);
            partial.set(o + (rows + block - 1) / block * columns, forKa);
        }
    }
}
