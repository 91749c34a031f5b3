package dev.wuneng.kernels.op;

import dev.wuneng.kernels.run.GroupForm;
import dev.wuneng.kernels.run.Kernel;
import java.util.Optional;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The gradients of {@link StateScanBackward} as a GPU wants them, in groups of 64 items that hold 8 rows or 8 columns of G.
 *
 * <p>The values go through the tokens from the last to the first as {@link StateScanGroups} does from the first to the last:
 *
 * <pre>
 *   step x, t = tokens − x   f_t = G b_t and dv_t = G k̂_t;  G ← G diag(w_t) + dy_(t−1) r_(t−1)ᵀ + u_(t−1) dz_(t−1)ᵀ − f_t κ̂_tᵀ
 * </pre>
 *
 * <p>Step 0 begins with G = 0. With f known, columns need nothing of each other, so of the keys item (column, slice) = slice · 8 + column holds rows
 * 4 slice … 4 slice + 3, then the same 32 rows further on, of its column, and nobody waits for sums: they are added up after 4 tokens. An item runs
 * its part of the state through a chunk, whose vectors lie in local memory, and keeps what it was before each token in {@code work}, where neighbours
 * write to neighbouring addresses and each reads only what it wrote. Then it goes back; when 4 tokens are done their place is free for those of the
 * chunk before, which were fetched in the meantime.
 */
final class StateScanBackwardGroups {
    private static final int VALUES_BYTES = (6 * 8 * 128 + 2 * 64 + 2 * 8 * 72) * 4;
    private static final int KEYS_BYTES = ((2 * 16 + 3 * 4) * 128 + (3 * 16 + 3 * 4) * 8 + 4 * 5 * 64) * 4;

    private StateScanBackwardGroups() {
    }

    static Optional<GroupForm> values(int states, int size) {
        Kernel.K11<KernelContext, IntArray, Integer, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, Integer, Integer, Integer> kernel
                = StateScanBackwardGroups::stateScanBackwardGroupsValues;
        return StateScanGroups.form(kernel, states, size, VALUES_BYTES);
    }

    static Optional<GroupForm> keys(int states, int size) {
        Kernel.K14<KernelContext, IntArray, Integer, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray,
                Integer, Integer, Integer> kernel = StateScanBackwardGroups::stateScanBackwardGroupsKeys;
        return StateScanGroups.form(kernel, states, size, KEYS_BYTES);
    }

    public static void stateScanBackwardGroupsValues(KernelContext context, IntArray at, int p, FloatArray streams, FloatArray u, FloatArray dy,
            FloatArray dz, FloatArray work, int tokens, int heads, int size) {
        // w, κ̂, b, k̂, r and dz, each 8 steps of size elements.
        float[] vectors = context.allocateFloatLocalArray(6144);
        float[] dys = context.allocateFloatLocalArray(64);
        float[] us = context.allocateFloatLocalArray(64);
        float[] fSums = context.allocateFloatLocalArray(576);
        float[] dvSums = context.allocateFloatLocalArray(576);
        int item = context.localIdx;
        int slice = item / 8;
        int row = item - slice * 8;
        int state = context.groupIdx / (size / 8);
        int i = (context.groupIdx - state * (size / 8)) * 8 + row;
        int b = state / heads;
        int first = b * tokens * heads + state - b * heads;
        int streams0 = at.get(p);
        int u0 = at.get(p + 1) + i;
        int y0 = at.get(p + 2) + i;
        int z0 = at.get(p + 3);
        int f0 = at.get(p + 4) + state * (2 * tokens + (StateScan.CHUNK + 1) * size) * size + i;
        float[] g = new float[16];
        for (int n = 0; n < size / 8; n++) {
            g[n] = 0f;
        }
        float[] decayed = new float[16];
        float[] removed = new float[16];
        float[] next = new float[96];
        // Before the first 8 steps there are none, and their vectors are fetched.
        for (int begin = -8; begin <= tokens; begin += 8) {
            for (int n = 0; n < size / 8; n++) {
                int x = item + 64 * n;
                int q = x / size;
                int j = x - q * size;
                int t = tokens - begin - 8 - q;
                int now = streams0 + (first + Math.max(Math.min(t, tokens - 1), 0) * heads) * 6 * size + j;
                int before = first + Math.max(t - 1, 0) * heads;
                next[n] = streams.get(now);
                next[16 + n] = streams.get(now + size);
                next[32 + n] = streams.get(now + 2 * size);
                next[48 + n] = streams.get(now + 3 * size);
                next[64 + n] = streams.get(streams0 + before * 6 * size + 5 * size + j);
                next[80 + n] = dz.get(z0 + before * size + j);
            }
            int earlier = (first + Math.max(tokens - begin - 9 - slice, 0) * heads) * size;
            float nextDy = dy.get(y0 + earlier);
            float nextU = u.get(u0 + earlier);
            float kept = 0f;
            int steps = begin < 0 ? 0 : Math.min(8, tokens + 1 - begin);
            for (int q = 0; q < steps; q++) {
                int j = q * size + 4 * slice;
                float dyi = dys[q * 8 + row];
                float ui = us[q * 8 + row];
                float fSum = 0f;
                float dvSum = 0f;
                for (int n = 0; n < size / 8; n++) {
                    fSum += g[n] * vectors[16 * size + j + n + n / 4 * 28];
                    dvSum += g[n] * vectors[24 * size + j + n + n / 4 * 28];
                    removed[n] = vectors[8 * size + j + n + n / 4 * 28];
                    decayed[n] = g[n] * vectors[j + n + n / 4 * 28] + dyi * vectors[32 * size + j + n + n / 4 * 28]
                            + ui * vectors[40 * size + j + n + n / 4 * 28];
                }
                fSums[q * 72 + item] = fSum;
                dvSums[q * 72 + item] = dvSum;
                context.localBarrier();
                int d = q * 72 + row;
                float f = fSums[d] + fSums[d + 8] + (fSums[d + 16] + fSums[d + 24])
                        + (fSums[d + 32] + fSums[d + 40] + (fSums[d + 48] + fSums[d + 56]));
                for (int n = 0; n < size / 8; n++) {
                    g[n] = decayed[n] - f * removed[n];
                }
                kept = q == slice ? f : kept;
            }
            int t = tokens - begin - slice;
            if (t >= 0 && t < tokens) {
                int d = slice * 72 + row;
                work.set(f0 + t * size, kept);
                work.set(f0 + (tokens + t) * size, dvSums[d] + dvSums[d + 8] + (dvSums[d + 16] + dvSums[d + 24])
                        + (dvSums[d + 32] + dvSums[d + 40] + (dvSums[d + 48] + dvSums[d + 56])));
            }
            for (int n = 0; n < size / 8; n++) {
                int x = item + 64 * n;
                vectors[x] = next[n];
                vectors[8 * size + x] = next[16 + n];
                vectors[16 * size + x] = next[32 + n];
                vectors[24 * size + x] = next[48 + n];
                vectors[32 * size + x] = next[64 + n];
                vectors[40 * size + x] = next[80 + n];
            }
            dys[item] = nextDy;
            us[item] = nextU;
            context.localBarrier();
        }
    }

    public static void stateScanBackwardGroupsKeys(KernelContext context, IntArray at, int p, FloatArray streams, FloatArray e, FloatArray checkpoints,
            FloatArray u, FloatArray dy, FloatArray dz, FloatArray work, FloatArray dstreams, int tokens, int heads, int size) {
        // All elements of e and v of a chunk, and of f, dy and u of 4 tokens; of the 8 columns w, b and k̂ of a chunk, and κ̂, r and dz of 4 tokens.
        float[] rows = context.allocateFloatLocalArray(5632);
        float[] columns = context.allocateFloatLocalArray(480);
        float[] sums = context.allocateFloatLocalArray(1280);
        int item = context.localIdx;
        int slice = item / 8;
        int column = item - slice * 8;
        // Where items share tokens instead of rows, each has one of 4 and half of its vectors.
        int half = slice / 4;
        int lane = slice - half * 4;
        int state = context.groupIdx / (size / 8);
        int block = context.groupIdx - state * (size / 8);
        int j = block * 8 + column;
        int b = state / heads;
        int first = b * tokens * heads + state - b * heads;
        int chunks = (tokens + StateScan.CHUNK - 1) / StateScan.CHUNK;
        int streams0 = at.get(p);
        int e0 = at.get(p + 1);
        int c0 = at.get(p + 2) + (state * (chunks + 1) * size + 4 * slice) * size + j;
        int u0 = at.get(p + 3);
        int y0 = at.get(p + 4);
        int z0 = at.get(p + 5) + j;
        int f0 = at.get(p + 6) + state * (2 * tokens + (StateScan.CHUNK + 1) * size) * size;
        int h0 = f0 + 2 * tokens * size + block * StateScan.CHUNK * size * 8 + item;
        int d0 = at.get(p + 7) + j;
        float[] g = new float[16];
        float[] s = new float[16];
        float[] start = new float[16];
        for (int n = 0; n < size / 8; n++) {
            g[n] = 0f;
            start[n] = 0f;
        }
        float[] before = new float[16];
        float[] ahead = new float[16];
        float[] next = new float[48];
        // Behind the last chunk there is none, and what the last one needs is fetched.
        for (int chunk = chunks; chunk >= 0; chunk--) {
            int count = Math.max(0, Math.min(tokens - chunk * StateScan.CHUNK, StateScan.CHUNK));
            for (int n = 0; n < size / 8; n++) {
                s[n] = start[n];
            }
            for (int q = 0; q < count; q++) {
                float w = columns[q * 8 + column];
                float removed = columns[128 + q * 8 + column];
                float k = columns[256 + q * 8 + column];
                for (int n = 0; n < size / 8; n++) {
                    work.set(h0 + (q * (size / 8) + n) * 64, s[n]);
                }
                for (int n = 0; n < size / 8; n++) {
                    int i = q * size + 4 * slice + n + n / 4 * 28;
                    s[n] = s[n] * w - rows[i] * removed + rows[16 * size + i] * k;
                }
            }
            for (int n = 0; n < size / 8; n++) {
                start[n] = checkpoints.get(c0 + (Math.max(chunk - 1, 0) * size + n + n / 4 * 28) * size);
                before[n] = work.get(h0 + (Math.max(count - 1, 0) * (size / 8) + n) * 64);
            }
            for (int begin = 12; begin >= 0; begin -= 4) {
                // What a chunk needs throughout is fetched for the chunk before, in place of these 4 tokens; the rest for the 4 tokens that are next.
                int place = (chunk - 1) * StateScan.CHUNK + begin;
                int follows = chunk * StateScan.CHUNK + begin - 4;
                for (int n = 0; n < size / 16; n++) {
                    int x = item + 64 * n;
                    int q = x / size;
                    int i = x - q * size;
                    int token = first + Math.max(0, Math.min(place + q, tokens - 1)) * heads;
                    next[n] = e.get(e0 + token * size + i);
                    next[8 + n] = streams.get(streams0 + token * 6 * size + 4 * size + i);
                    int t = Math.max(0, Math.min(follows + q, tokens - 1));
                    next[16 + n] = work.get(f0 + t * size + i);
                    next[24 + n] = dy.get(y0 + (first + t * heads) * size + i);
                    next[32 + n] = u.get(u0 + (first + t * heads) * size + i);
                }
                int token = first + Math.max(0, Math.min((half == 0 ? place : follows) + lane, tokens - 1)) * heads;
                int s0 = streams0 + token * 6 * size + j;
                next[40] = streams.get(half == 0 ? s0 : s0 + size);
                next[41] = streams.get(half == 0 ? s0 + 2 * size : s0 + 5 * size);
                next[42] = half == 0 ? streams.get(s0 + 3 * size) : dz.get(z0 + token * size);
                int done = chunk * StateScan.CHUNK + begin + lane;
                float dv = work.get(f0 + (tokens + Math.min(done, tokens - 1)) * size + j);
                for (int q = Math.min(begin + 3, count - 1); q >= begin; q--) {
                    float w = columns[q * 8 + column];
                    int c = 384 + (q - begin) * 8 + column;
                    float kappa = columns[c];
                    float r = columns[c + 32];
                    float dzj = columns[c + 64];
                    float dw = 0f;
                    float dkappa = 0f;
                    float db = 0f;
                    float dk = 0f;
                    float dr = 0f;
                    for (int n = 0; n < size / 8; n++) {
                        ahead[n] = work.get(h0 + (Math.max(q - 1, 0) * (size / 8) + n) * 64);
                    }
                    for (int n = 0; n < size / 8; n++) {
                        int i = q * size + 4 * slice + n + n / 4 * 28;
                        int x = i - begin * size;
                        float f = rows[32 * size + x];
                        float dyi = rows[36 * size + x];
                        float gi = g[n] + dyi * r + rows[40 * size + x] * dzj;
                        dw += gi * before[n];
                        dkappa -= before[n] * f;
                        db -= gi * rows[i];
                        dk += gi * rows[16 * size + i];
                        dr += s[n] * dyi;
                        g[n] = gi * w - f * kappa;
                        s[n] = before[n];
                        before[n] = ahead[n];
                    }
                    // Shifted by token, so that those who add up different tokens read from different banks.
                    int d = (q - begin) * 320 + ((slice + q - begin) & 7) * 8 + column;
                    sums[d] = dw;
                    sums[d + 64] = dkappa;
                    sums[d + 128] = db;
                    sums[d + 192] = dk;
                    sums[d + 256] = dr;
                }
                context.localBarrier();
                if (done < tokens) {
                    // The sums by their number; the sixth is dv, which stands in dstreams before dr.
                    for (int k = 0; k < 3; k++) {
                        int m = 2 * k + half;
                        float sum = 0f;
                        for (int d = 0; d < 8; d++) {
                            sum += sums[lane * 320 + Math.min(m, 4) * 64 + ((d + lane) & 7) * 8 + column];
                        }
                        dstreams.set(d0 + ((first + done * heads) * 6 + (m < 4 ? m : 9 - m)) * size, m == 5 ? dv : sum);
                    }
                }
                for (int n = 0; n < size / 16; n++) {
                    int x = item + 64 * n;
                    rows[begin * size + x] = next[n];
                    rows[(16 + begin) * size + x] = next[8 + n];
                    rows[32 * size + x] = next[16 + n];
                    rows[36 * size + x] = next[24 + n];
                    rows[40 * size + x] = next[32 + n];
                }
                int c = half == 0 ? (begin + lane) * 8 + column : 384 + lane * 8 + column;
                int apart = half == 0 ? 128 : 32;
                columns[c] = next[40];
                columns[c + apart] = next[41];
                columns[c + 2 * apart] = next[42];
                context.localBarrier();
            }
        }
    }
}
