package dev.wuneng.kernels.op;

import dev.wuneng.kernels.host.StateScanBackwardHost;
import dev.wuneng.kernels.host.StateScanHost;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import java.util.List;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The gradients of {@link StateScan}. With G_t the gradient of S_t and f_t = G_t b_t:
 *
 * <pre>
 *   G_t = dy_t r_tᵀ + u_t dz_tᵀ + G_(t+1) diag(w_(t+1)) − f_(t+1) κ̂_(t+1)ᵀ
 *   dr = S_tᵀ dy   du = S_t dz   dv = G k̂   dk̂ = Gᵀ v   dw_j = Σ_i G_ij S_(t−1),ij   dκ̂ = −S_(t−1)ᵀ f   db = −Gᵀ e
 * </pre>
 *
 * <p>e and f are what couples the elements of S and of G. Rows (values) never mix, so {@link StateScan#forward} found e row by row and
 * a first launch finds f row by row. With e and f known, every element of S and of G goes its own way, so a second one takes all sums over
 * values key by key, and nothing is ever summed across work-items. S_(t−1) comes from running each chunk forward again from its
 * checkpoint; going back by dividing by the decay loses all digits.
 *
 * <p>{@code du, dy, dz} are [rows, heads · headSize], {@code dstreams} is [rows, heads, 6, headSize] like streams. b counts as an input of its own
 * here; {@link StateStreams} applies the product rule to κ̂ ⊙ a.
 */
public final class StateScanBackward {
    private StateScanBackward() {
    }

    /** Elements of {@code work}, memory of the backward launches of one layer that may serve all layers in turn. */
    public static long workSize(int batch, int tokens, int heads, int headSize) {
        return (long) batch * heads * workOfState(tokens, headSize);
    }

    /** f and dv of all tokens, then the states before and after every token of a chunk. */
    private static int workOfState(int tokens, int size) {
        return (2 * tokens + (StateScan.CHUNK + 1) * size) * size;
    }

    /** Writes du = S dz, which is needed before dy is complete. */
    public static Launch readout(View streams, View e, View checkpoints, View dz, View du, int batch, int tokens, int heads, int headSize) {
        return Launch.of("state_scan.backward_readout", StateScanBackward::stateScanBackwardReadout,
                batch * heads * (StateScan.slots(tokens) - 1) * headSize, streams, e, checkpoints, dz, du, tokens, heads, headSize)
                .inGroups(StateReadoutGroups.backward(batch * heads * (StateScan.slots(tokens) - 1), headSize))
                .onHost(() -> StateScanHost.backwardReadout(streams, e, checkpoints, dz, du, batch, tokens, heads, headSize));
    }

    /** Writes dstreams. */
    public static List<Launch> gradients(View streams, View e, View checkpoints, View u, View dy, View dz, View work, View dstreams,
            int batch, int tokens, int heads, int headSize) {
        Launch values = Launch.of("state_scan.backward_values", StateScanBackward::stateScanBackwardValues, batch * heads * headSize,
                streams, u, dy, dz, work, tokens, heads, headSize)
                .inGroups(StateScanBackwardGroups.values(batch * heads, headSize));
        Launch keys = Launch.of("state_scan.backward_keys", StateScanBackward::stateScanBackwardKeys, batch * heads * headSize,
                streams, e, checkpoints, u, dy, dz, work, dstreams, tokens, heads, headSize)
                .inGroups(StateScanBackwardGroups.keys(batch * heads, headSize));
        return Launch.together(List.of(values, keys),
                () -> StateScanBackwardHost.form(streams, e, checkpoints, u, dy, dz, dstreams, batch, tokens, heads, headSize));
    }

    public static void stateScanBackwardReadout(int from, int to, IntArray at, int p, FloatArray streams, FloatArray e, FloatArray checkpoints,
            FloatArray dz, FloatArray du, int tokens, int heads, int size) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int n = from + item;
            int chunks = (tokens + StateScan.CHUNK - 1) / StateScan.CHUNK;
            int i = n % size;
            int state = n / (chunks * size);
            int chunk = n / size - state * chunks;
            int b = state / heads;
            int c = at.get(p + 2) + ((state * (chunks + 1) + chunk) * size + i) * size;
            float[] s = new float[size];
            for (int j = 0; j < size; j++) {
                s[j] = checkpoints.get(c + j);
            }
            int end = Math.min(tokens, (chunk + 1) * StateScan.CHUNK);
            for (int t = chunk * StateScan.CHUNK; t < end; t++) {
                int token = (b * tokens + t) * heads + state - b * heads;
                int s0 = at.get(p) + token * 6 * size;
                int g0 = at.get(p + 3) + token * size;
                float read = e.get(at.get(p + 1) + token * size + i);
                float v = streams.get(s0 + 4 * size + i);
                float sum = 0f;
                for (int j = 0; j < size; j++) {
                    s[j] = s[j] * streams.get(s0 + j) - read * streams.get(s0 + 2 * size + j) + v * streams.get(s0 + 3 * size + j);
                    sum += s[j] * dz.get(g0 + j);
                }
                du.set(at.get(p + 4) + token * size + i, sum);
            }
        }
    }

    public static void stateScanBackwardValues(int from, int to, IntArray at, int p, FloatArray streams, FloatArray u, FloatArray dy, FloatArray dz,
            FloatArray work, int tokens, int heads, int size) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int n = from + item;
            int state = n / size;
            int i = n - state * size;
            int b = state / heads;
            int f0 = at.get(p + 4) + state * (2 * tokens + (StateScan.CHUNK + 1) * size) * size + i;
            float[] g = new float[size];
            for (int j = 0; j < size; j++) {
                g[j] = 0f;
            }
            for (int t = tokens - 1; t >= 0; t--) {
                int token = (b * tokens + t) * heads + state - b * heads;
                int s0 = at.get(p) + token * 6 * size;
                int z0 = at.get(p + 3) + token * size;
                float ui = u.get(at.get(p + 1) + token * size + i);
                float dyi = dy.get(at.get(p + 2) + token * size + i);
                float f = 0f;
                float dv = 0f;
                for (int j = 0; j < size; j++) {
                    g[j] = g[j] + dyi * streams.get(s0 + 5 * size + j) + ui * dz.get(z0 + j);
                    f += g[j] * streams.get(s0 + 2 * size + j);
                    dv += g[j] * streams.get(s0 + 3 * size + j);
                }
                for (int j = 0; j < size; j++) {
                    g[j] = g[j] * streams.get(s0 + j) - f * streams.get(s0 + size + j);
                }
                work.set(f0 + t * size, f);
                work.set(f0 + (tokens + t) * size, dv);
            }
        }
    }

    public static void stateScanBackwardKeys(int from, int to, IntArray at, int p, FloatArray streams, FloatArray e, FloatArray checkpoints,
            FloatArray u, FloatArray dy, FloatArray dz, FloatArray work, FloatArray dstreams, int tokens, int heads, int size) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int n = from + item;
            int state = n / size;
            int j = n - state * size;
            int b = state / heads;
            int chunks = (tokens + StateScan.CHUNK - 1) / StateScan.CHUNK;
            int f0 = at.get(p + 6) + state * (2 * tokens + (StateScan.CHUNK + 1) * size) * size;
            int h0 = f0 + 2 * tokens * size + j;
            float[] g = new float[size];
            for (int i = 0; i < size; i++) {
                g[i] = 0f;
            }
            for (int chunk = chunks - 1; chunk >= 0; chunk--) {
                int first = (b * tokens + chunk * StateScan.CHUNK) * heads + state - b * heads;
                int count = Math.min(tokens - chunk * StateScan.CHUNK, StateScan.CHUNK);
                int c = at.get(p + 2) + (state * (chunks + 1) + chunk) * size * size + j;
                for (int i = 0; i < size; i++) {
                    work.set(h0 + i * size, checkpoints.get(c + i * size));
                }
                for (int q = 0; q < count; q++) {
                    int token = first + q * heads;
                    int s0 = at.get(p) + token * 6 * size;
                    int e0 = at.get(p + 1) + token * size;
                    int h = h0 + q * size * size;
                    float w = streams.get(s0 + j);
                    float removed = streams.get(s0 + 2 * size + j);
                    float k = streams.get(s0 + 3 * size + j);
                    for (int i = 0; i < size; i++) {
                        work.set(h + (size + i) * size, work.get(h + i * size) * w - e.get(e0 + i) * removed + streams.get(s0 + 4 * size + i) * k);
                    }
                }
                for (int q = count - 1; q >= 0; q--) {
                    int token = first + q * heads;
                    int s0 = at.get(p) + token * 6 * size;
                    int x0 = token * size;
                    int f1 = f0 + (chunk * StateScan.CHUNK + q) * size;
                    int h = h0 + q * size * size;
                    int e0 = at.get(p + 1) + x0;
                    int u0 = at.get(p + 3) + x0;
                    int y0 = at.get(p + 4) + x0;
                    float w = streams.get(s0 + j);
                    float kappa = streams.get(s0 + size + j);
                    float r = streams.get(s0 + 5 * size + j);
                    float dzj = dz.get(at.get(p + 5) + x0 + j);
                    float dw = 0f;
                    float dkappa = 0f;
                    float db = 0f;
                    float dk = 0f;
                    float dr = 0f;
                    for (int i = 0; i < size; i++) {
                        float dyi = dy.get(y0 + i);
                        float before = work.get(h + i * size);
                        float f = work.get(f1 + i);
                        float gi = g[i] + dyi * r + u.get(u0 + i) * dzj;
                        dw += gi * before;
                        dkappa -= before * f;
                        db -= gi * e.get(e0 + i);
                        dk += gi * streams.get(s0 + 4 * size + i);
                        dr += work.get(h + (size + i) * size) * dyi;
                        g[i] = gi * w - f * kappa;
                    }
                    int d0 = at.get(p + 7) + token * 6 * size + j;
                    dstreams.set(d0, dw);
                    dstreams.set(d0 + size, dkappa);
                    dstreams.set(d0 + 2 * size, db);
                    dstreams.set(d0 + 3 * size, dk);
                    dstreams.set(d0 + 4 * size, work.get(f1 + tokens * size + j));
                    dstreams.set(d0 + 5 * size, dr);
                }
            }
        }
    }
}
