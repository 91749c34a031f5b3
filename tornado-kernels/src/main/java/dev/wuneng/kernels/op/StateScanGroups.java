package dev.wuneng.kernels.op;

import dev.wuneng.kernels.run.GroupForm;
import dev.wuneng.kernels.run.Kernel;
import java.util.Optional;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The scan of {@link StateScan} as a GPU wants it. Tokens follow each other, so what counts is how long one of them takes: rows of S never mix,
 * and a work-group of 64 items holds 8 of them in registers.
 *
 * <pre>
 *   item (row, slice) = slice · 8 + row   columns 4 slice … 4 slice + 3, then the same 32 columns further on, and so forth
 *   step t                                y_(t−1) = S r_(t−1) and e_t = S κ̂_t, both sums of the same S;  S ← S diag(w_t) + v_t k̂_tᵀ − e_t b_tᵀ
 * </pre>
 *
 * <p>Step 0 has no y and step {@code tokens}, the last, nothing but y. Items add up their own columns, leave the sums in local memory, and after one
 * barrier each adds up the 8 slices of its row, in the order of columns that is the same in every run. Only − e bᵀ has to wait for that. The streams of
 * 8 steps lie in local memory: all items read those of the next 8 while these are computed, neighbours from neighbouring addresses, and keep them in
 * registers until then. A step's vectors stand together, r of the token before among them.
 *
 * <p>Runs of 4 columns let a compiler read 4 elements at once, and without that still come from different banks. The sums of one step are 72 elements
 * from those of the next, because after 8 steps item (row, slice) adds up y of step {@code slice}, each item of a row from another bank.
 */
final class StateScanGroups {
    /** Rows of a group, and as many slices has each. */
    static final int ROWS = 8;
    private static final int LOCAL_BYTES = (5 * 8 * 128 + 64 + 2 * 8 * 72) * 4;

    private StateScanGroups() {
    }

    static Optional<GroupForm> forward(int states, int size) {
        Kernel.K11<KernelContext, IntArray, Integer, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, Integer, Integer, Integer> kernel
                = StateScanGroups::stateScanGroupsForward;
        return form(kernel, states, size, LOCAL_BYTES);
    }

    /** A form whose groups hold 8 rows or columns of a state, where the slices of one are whole runs and fit local memory. */
    static Optional<GroupForm> form(Kernel kernel, int states, int size, int localBytes) {
        return size % 32 != 0 || size > 128 ? Optional.empty() : Optional.of(new GroupForm(kernel, states * (size / ROWS), 8 * ROWS, localBytes));
    }

    public static void stateScanGroupsForward(KernelContext context, IntArray at, int p, FloatArray streams, FloatArray initial, FloatArray y,
            FloatArray e, FloatArray checkpoints, int tokens, int heads, int size) {
        // w, κ̂, b, k̂ and r, each 8 steps of size elements.
        float[] vectors = context.allocateFloatLocalArray(5120);
        float[] values = context.allocateFloatLocalArray(64);
        float[] ySums = context.allocateFloatLocalArray(576);
        float[] eSums = context.allocateFloatLocalArray(576);
        int item = context.localIdx;
        int slice = item / 8;
        int row = item - slice * 8;
        int state = context.groupIdx / (size / 8);
        int i = (context.groupIdx - state * (size / 8)) * 8 + row;
        int b = state / heads;
        int first = b * tokens * heads + state - b * heads;
        int streams0 = at.get(p);
        int y0 = at.get(p + 2) + i;
        int e0 = at.get(p + 3) + i;
        int s0 = at.get(p + 1) + (state * size + i) * size + 4 * slice;
        int c0 = at.get(p + 4) + (state * ((tokens + StateScan.CHUNK - 1) / StateScan.CHUNK + 1) * size + i) * size + 4 * slice;
        float[] s = new float[16];
        for (int n = 0; n < size / 8; n++) {
            s[n] = initial.get(s0 + n + n / 4 * 28);
        }
        float[] decayed = new float[16];
        float[] removed = new float[16];
        float[] next = new float[80];
        // Before the first 8 steps there are none, and their streams are fetched.
        for (int begin = -8; begin <= tokens; begin += 8) {
            for (int n = 0; n < size / 8; n++) {
                int x = item + 64 * n;
                int q = x / size;
                int t = begin + 8 + q;
                int now = streams0 + (first + Math.min(t, tokens - 1) * heads) * 6 * size + x - q * size;
                int before = streams0 + (first + Math.min(Math.max(t - 1, 0), tokens - 1) * heads) * 6 * size + x - q * size;
                next[n] = streams.get(now);
                next[16 + n] = streams.get(now + size);
                next[32 + n] = streams.get(now + 2 * size);
                next[48 + n] = streams.get(now + 3 * size);
                next[64 + n] = streams.get(before + 5 * size);
            }
            float nextValue = streams.get(streams0 + (first + Math.min(begin + 8 + slice, tokens - 1) * heads) * 6 * size + 4 * size + i);
            float kept = 0f;
            int steps = begin < 0 ? 0 : Math.min(8, tokens + 1 - begin);
            for (int q = 0; q < steps; q++) {
                int j = q * size + 4 * slice;
                float v = values[q * 8 + row];
                float ySum = 0f;
                float eSum = 0f;
                for (int n = 0; n < size / 8; n++) {
                    ySum += s[n] * vectors[32 * size + j + n + n / 4 * 28];
                    eSum += s[n] * vectors[8 * size + j + n + n / 4 * 28];
                    removed[n] = vectors[16 * size + j + n + n / 4 * 28];
                    decayed[n] = s[n] * vectors[j + n + n / 4 * 28] + v * vectors[24 * size + j + n + n / 4 * 28];
                }
                ySums[q * 72 + item] = ySum;
                eSums[q * 72 + item] = eSum;
                int t = begin + q;
                if (t % StateScan.CHUNK == 0 || t == tokens) {
                    int c = c0 + (t + StateScan.CHUNK - 1) / StateScan.CHUNK * size * size;
                    for (int n = 0; n < size / 8; n++) {
                        checkpoints.set(c + n + n / 4 * 28, s[n]);
                    }
                }
                context.localBarrier();
                int d = q * 72 + row;
                float read = eSums[d] + eSums[d + 8] + (eSums[d + 16] + eSums[d + 24])
                        + (eSums[d + 32] + eSums[d + 40] + (eSums[d + 48] + eSums[d + 56]));
                for (int n = 0; n < size / 8; n++) {
                    s[n] = decayed[n] - read * removed[n];
                }
                kept = q == slice ? read : kept;
            }
            int t = begin + slice;
            if (begin >= 0 && t < tokens) {
                e.set(e0 + (first + t * heads) * size, kept);
            }
            if (t > 0 && t <= tokens) {
                int d = slice * 72 + row;
                y.set(y0 + (first + (t - 1) * heads) * size, ySums[d] + ySums[d + 8] + (ySums[d + 16] + ySums[d + 24])
                        + (ySums[d + 32] + ySums[d + 40] + (ySums[d + 48] + ySums[d + 56])));
            }
            for (int n = 0; n < size / 8; n++) {
                vectors[item + 64 * n] = next[n];
                vectors[8 * size + item + 64 * n] = next[16 + n];
                vectors[16 * size + item + 64 * n] = next[32 + n];
                vectors[24 * size + item + 64 * n] = next[48 + n];
                vectors[32 * size + item + 64 * n] = next[64 + n];
            }
            values[item] = nextValue;
            context.localBarrier();
        }
    }
}
