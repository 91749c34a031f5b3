package dev.wuneng.kernels.op;

import dev.wuneng.kernels.host.StateScanHost;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The state of every head, S [headSize values × headSize keys], and its two readouts:
 *
 * <pre>
 *   S_t = S_(t−1) diag(w_t) − e_t b_tᵀ + v_t k̂_tᵀ,   e_t = S_(t−1) κ̂_t        y_t = S_t r_t        z_t = S_tᵀ u_t
 * </pre>
 *
 * The vectors come from {@link StateStreams}, which writes w and b as zero where a segment begins; that empties the state, so nothing
 * here knows of segments. e is kept because with it known every element of S goes its own way: that makes the second readout a sum
 * within one work-item, over values, where the first is one over keys. {@link StateScanBackward} has the gradients.
 *
 * <p>With rows = batch · tokens: {@code streams} is [rows, heads, 6, headSize]; {@code y, e, u, z} are [rows, heads · headSize];
 * {@code initial} is [batch, heads, headSize, headSize] and finite, and counts where the first token of a row continues a segment;
 * {@code checkpoints} is [batch, heads, {@link #slots}, headSize, headSize], where slot c is the state after min(tokens, c · CHUNK)
 * tokens. Source: RWKV-7, arXiv 2503.14456, and the two readouts of WuNeng, arXiv 2504.19191.
 */
public final class StateScan {
    /** Tokens between two checkpoints. */
    public static final int CHUNK = 16;

    private StateScan() {
    }

    /** Checkpoints of a row of tokens: the initial state, and the state after each chunk. */
    public static int slots(int tokens) {
        return (tokens + CHUNK - 1) / CHUNK + 1;
    }

    /** Elements of {@code checkpoints}. */
    public static long checkpointsSize(int batch, int tokens, int heads, int headSize) {
        return (long) batch * heads * slots(tokens) * headSize * headSize;
    }

    /** Writes y, e and checkpoints. */
    public static Launch forward(View streams, View initial, View y, View e, View checkpoints, int batch, int tokens, int heads, int headSize) {
        return Launch.of("state_scan.forward", StateScan::stateScanForward, batch * heads * headSize,
                streams, initial, y, e, checkpoints, tokens, heads, headSize)
                .inGroups(StateScanGroups.forward(batch * heads, headSize))
                .onHost(() -> StateScanHost.forward(streams, initial, y, e, checkpoints, batch, tokens, heads, headSize));
    }

    /** Writes z = Sᵀ u. */
    public static Launch readout(View streams, View e, View checkpoints, View u, View z, int batch, int tokens, int heads, int headSize) {
        return Launch.of("state_scan.readout", StateScan::stateScanReadout, batch * heads * (slots(tokens) - 1) * headSize,
                streams, e, checkpoints, u, z, tokens, heads, headSize)
                .inGroups(StateReadoutGroups.readout(batch * heads * (slots(tokens) - 1), headSize))
                .onHost(() -> StateScanHost.readout(streams, e, checkpoints, u, z, batch, tokens, heads, headSize));
    }

    /** Writes the state after the last token: the initial state of what follows. */
    public static Launch last(View checkpoints, View state, int batch, int tokens, int heads, int headSize) {
        return Launch.of("state_scan.last", StateScan::stateScanLast, batch * heads * headSize * headSize,
                checkpoints, state, slots(tokens), headSize * headSize)
                .onHost(() -> StateScanHost.last(checkpoints, state, batch * heads, slots(tokens), headSize * headSize));
    }

    public static void stateScanForward(int from, int to, IntArray at, int p, FloatArray streams, FloatArray initial, FloatArray y, FloatArray e,
            FloatArray checkpoints, int tokens, int heads, int size) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int n = from + item;
            int state = n / size;
            int i = n - state * size;
            int b = state / heads;
            int c0 = at.get(p + 4) + (state * ((tokens + CHUNK - 1) / CHUNK + 1) * size + i) * size;
            int k0 = at.get(p) + ((b * tokens * heads + state - b * heads) * 6 + 1) * size;
            float read = 0f;
            float[] s = new float[size];
            for (int j = 0; j < size; j++) {
                s[j] = initial.get(at.get(p + 1) + n * size + j);
                checkpoints.set(c0 + j, s[j]);
                read += s[j] * streams.get(k0 + j);
            }
            for (int t = 0; t < tokens; t++) {
                int token = (b * tokens + t) * heads + state - b * heads;
                int s0 = at.get(p) + token * 6 * size;
                // Both sums go through the state at once, so neither waits for the other: y, and e of the next token.
                int next = s0 + size + (t + 1 < tokens ? heads * 6 * size : 0);
                float v = streams.get(s0 + 4 * size + i);
                float sum = 0f;
                float nextRead = 0f;
                for (int j = 0; j < size; j++) {
                    float x = s[j] * streams.get(s0 + j) - read * streams.get(s0 + 2 * size + j) + v * streams.get(s0 + 3 * size + j);
                    s[j] = x;
                    sum += x * streams.get(s0 + 5 * size + j);
                    nextRead += x * streams.get(next + j);
                }
                y.set(at.get(p + 2) + token * size + i, sum);
                e.set(at.get(p + 3) + token * size + i, read);
                read = nextRead;
                if ((t + 1) % CHUNK == 0 || t + 1 == tokens) {
                    int c = c0 + (t / CHUNK + 1) * size * size;
                    for (int j = 0; j < size; j++) {
                        checkpoints.set(c + j, s[j]);
                    }
                }
            }
        }
    }

    public static void stateScanReadout(int from, int to, IntArray at, int p, FloatArray streams, FloatArray e, FloatArray checkpoints,
            FloatArray u, FloatArray z, int tokens, int heads, int size) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int n = from + item;
            int chunks = (tokens + CHUNK - 1) / CHUNK;
            int j = n % size;
            int state = n / (chunks * size);
            int chunk = n / size - state * chunks;
            int b = state / heads;
            int c = at.get(p + 2) + (state * (chunks + 1) + chunk) * size * size + j;
            float[] s = new float[size];
            for (int i = 0; i < size; i++) {
                s[i] = checkpoints.get(c + i * size);
            }
            int end = Math.min(tokens, (chunk + 1) * CHUNK);
            for (int t = chunk * CHUNK; t < end; t++) {
                int token = (b * tokens + t) * heads + state - b * heads;
                int s0 = at.get(p) + token * 6 * size;
                int e0 = at.get(p + 1) + token * size;
                int u0 = at.get(p + 3) + token * size;
                float w = streams.get(s0 + j);
                float removed = streams.get(s0 + 2 * size + j);
                float k = streams.get(s0 + 3 * size + j);
                float sum = 0f;
                for (int i = 0; i < size; i++) {
                    s[i] = s[i] * w - e.get(e0 + i) * removed + streams.get(s0 + 4 * size + i) * k;
                    sum += s[i] * u.get(u0 + i);
                }
                z.set(at.get(p + 4) + token * size + j, sum);
            }
        }
    }

    public static void stateScanLast(int from, int to, IntArray at, int p, FloatArray checkpoints, FloatArray state, int slots, int square) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int n = from + item;
            int s = n / square;
            state.set(at.get(p + 1) + n, checkpoints.get(at.get(p) + (s * slots + slots - 1) * square + n - s * square));
        }
    }
}
