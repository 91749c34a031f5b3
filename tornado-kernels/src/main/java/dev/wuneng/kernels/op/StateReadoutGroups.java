package dev.wuneng.kernels.op;

import dev.wuneng.kernels.run.GroupForm;
import dev.wuneng.kernels.run.Kernel;
import java.util.Optional;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The launches of {@link StateScan} and {@link StateScanBackward} that run every chunk again from its checkpoint, z = Sᵀ u and du = S dz, as a GPU
 * wants them. With e known no element of S waits for another, so a work-group of 64 items takes 8 columns of a chunk for z, or 8 rows for du.
 *
 * <pre>
 *   item (line, slice) = slice · 8 + line   elements 4 slice … 4 slice + 3 of its line, then the same 32 further on, and so forth
 * </pre>
 *
 * <p>Vectors along a line, 16 tokens of each, and the 8 elements of those across are copied into local memory first. An item leaves the sums of its
 * elements there; in the end item (line, slice) adds up the slices of tokens {@code slice} and {@code slice + 8}, which stand 72 elements from one
 * token to the next so that each comes from another bank.
 */
final class StateReadoutGroups {
    private static final int READOUT_BYTES = (3 * 16 * 128 + 3 * 16 * 8 + 16 * 72) * 4;
    private static final int BACKWARD_BYTES = (4 * 16 * 128 + 2 * 16 * 8 + 16 * 72) * 4;

    private StateReadoutGroups() {
    }

    static Optional<GroupForm> readout(int chunks, int size) {
        Kernel.K11<KernelContext, IntArray, Integer, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, Integer, Integer, Integer> kernel
                = StateReadoutGroups::stateReadoutGroupsReadout;
        return StateScanGroups.form(kernel, chunks, size, READOUT_BYTES);
    }

    static Optional<GroupForm> backward(int chunks, int size) {
        Kernel.K11<KernelContext, IntArray, Integer, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, Integer, Integer, Integer> kernel
                = StateReadoutGroups::stateReadoutGroupsBackward;
        return StateScanGroups.form(kernel, chunks, size, BACKWARD_BYTES);
    }

    public static void stateReadoutGroupsReadout(KernelContext context, IntArray at, int p, FloatArray streams, FloatArray e, FloatArray checkpoints,
            FloatArray u, FloatArray z, int tokens, int heads, int size) {
        // e, v and u of the chunk; w, b and k̂ of its 8 columns.
        float[] along = context.allocateFloatLocalArray(6144);
        float[] across = context.allocateFloatLocalArray(384);
        float[] sums = context.allocateFloatLocalArray(1152);
        int item = context.localIdx;
        int slice = item / 8;
        int column = item - slice * 8;
        int place = context.groupIdx / (size / 8);
        int j = (context.groupIdx - place * (size / 8)) * 8 + column;
        int chunks = (tokens + StateScan.CHUNK - 1) / StateScan.CHUNK;
        int state = place / chunks;
        int begin = (place - state * chunks) * StateScan.CHUNK;
        int b = state / heads;
        int first = b * tokens * heads + state - b * heads;
        int streams0 = at.get(p);
        int e0 = at.get(p + 1);
        int c0 = at.get(p + 2) + ((place + state) * size + 4 * slice) * size + j;
        int u0 = at.get(p + 3);
        int z0 = at.get(p + 4) + j;
        float[] s = new float[16];
        for (int n = 0; n < size / 8; n++) {
            s[n] = checkpoints.get(c0 + (n + n / 4 * 28) * size);
        }
        float[] next = new float[48];
        for (int half = 0; half < 2; half++) {
            for (int n = 0; n < size / 8; n++) {
                int x = item + 64 * n;
                int q = x / size;
                int i = x - q * size;
                int token = first + Math.min(begin + half * 8 + q, tokens - 1) * heads;
                next[n] = e.get(e0 + token * size + i);
                next[16 + n] = streams.get(streams0 + token * 6 * size + 4 * size + i);
                next[32 + n] = u.get(u0 + token * size + i);
            }
            int s0 = streams0 + (first + Math.min(begin + half * 8 + slice, tokens - 1) * heads) * 6 * size + j;
            across[half * 64 + item] = streams.get(s0);
            across[128 + half * 64 + item] = streams.get(s0 + 2 * size);
            across[256 + half * 64 + item] = streams.get(s0 + 3 * size);
            for (int n = 0; n < size / 8; n++) {
                int x = half * 8 * size + item + 64 * n;
                along[x] = next[n];
                along[16 * size + x] = next[16 + n];
                along[32 * size + x] = next[32 + n];
            }
        }
        context.localBarrier();
        int count = Math.min(tokens - begin, StateScan.CHUNK);
        for (int q = 0; q < count; q++) {
            int a = q * size + 4 * slice;
            float w = across[q * 8 + column];
            float removed = across[128 + q * 8 + column];
            float k = across[256 + q * 8 + column];
            float sum = 0f;
            for (int n = 0; n < size / 8; n++) {
                int x = a + n + n / 4 * 28;
                s[n] = s[n] * w - along[x] * removed + along[16 * size + x] * k;
                sum += s[n] * along[32 * size + x];
            }
            sums[q * 72 + item] = sum;
        }
        context.localBarrier();
        for (int half = 0; half < 2; half++) {
            int q = half * 8 + slice;
            if (q < count) {
                int d = q * 72 + column;
                z.set(z0 + (first + (begin + q) * heads) * size, sums[d] + sums[d + 8] + (sums[d + 16] + sums[d + 24])
                        + (sums[d + 32] + sums[d + 40] + (sums[d + 48] + sums[d + 56])));
            }
        }
    }

    public static void stateReadoutGroupsBackward(KernelContext context, IntArray at, int p, FloatArray streams, FloatArray e, FloatArray checkpoints,
            FloatArray dz, FloatArray du, int tokens, int heads, int size) {
        // w, b, k̂ and dz of the chunk; e and v of its 8 rows.
        float[] along = context.allocateFloatLocalArray(8192);
        float[] across = context.allocateFloatLocalArray(256);
        float[] sums = context.allocateFloatLocalArray(1152);
        int item = context.localIdx;
        int slice = item / 8;
        int row = item - slice * 8;
        int place = context.groupIdx / (size / 8);
        int i = (context.groupIdx - place * (size / 8)) * 8 + row;
        int chunks = (tokens + StateScan.CHUNK - 1) / StateScan.CHUNK;
        int state = place / chunks;
        int begin = (place - state * chunks) * StateScan.CHUNK;
        int b = state / heads;
        int first = b * tokens * heads + state - b * heads;
        int streams0 = at.get(p);
        int e0 = at.get(p + 1) + i;
        int c0 = at.get(p + 2) + ((place + state) * size + i) * size + 4 * slice;
        int z0 = at.get(p + 3);
        int u0 = at.get(p + 4) + i;
        float[] s = new float[16];
        for (int n = 0; n < size / 8; n++) {
            s[n] = checkpoints.get(c0 + n + n / 4 * 28);
        }
        float[] next = new float[64];
        for (int half = 0; half < 2; half++) {
            for (int n = 0; n < size / 8; n++) {
                int x = item + 64 * n;
                int q = x / size;
                int j = x - q * size;
                int token = first + Math.min(begin + half * 8 + q, tokens - 1) * heads;
                int s0 = streams0 + token * 6 * size + j;
                next[n] = streams.get(s0);
                next[16 + n] = streams.get(s0 + 2 * size);
                next[32 + n] = streams.get(s0 + 3 * size);
                next[48 + n] = dz.get(z0 + token * size + j);
            }
            int token = first + Math.min(begin + half * 8 + slice, tokens - 1) * heads;
            across[half * 64 + item] = e.get(e0 + token * size);
            across[128 + half * 64 + item] = streams.get(streams0 + token * 6 * size + 4 * size + i);
            for (int n = 0; n < size / 8; n++) {
                int x = half * 8 * size + item + 64 * n;
                along[x] = next[n];
                along[16 * size + x] = next[16 + n];
                along[32 * size + x] = next[32 + n];
                along[48 * size + x] = next[48 + n];
            }
        }
        context.localBarrier();
        int count = Math.min(tokens - begin, StateScan.CHUNK);
        for (int q = 0; q < count; q++) {
            int a = q * size + 4 * slice;
            float read = across[q * 8 + row];
            float v = across[128 + q * 8 + row];
            float sum = 0f;
            for (int n = 0; n < size / 8; n++) {
                int x = a + n + n / 4 * 28;
                s[n] = s[n] * along[x] - read * along[16 * size + x] + v * along[32 * size + x];
                sum += s[n] * along[48 * size + x];
            }
            sums[q * 72 + item] = sum;
        }
        context.localBarrier();
        for (int half = 0; half < 2; half++) {
            int q = half * 8 + slice;
            if (q < count) {
                int d = q * 72 + row;
                du.set(u0 + (first + (begin + q) * heads) * size, sums[d] + sums[d + 8] + (sums[d + 16] + sums[d + 24])
                        + (sums[d + 32] + sums[d + 40] + (sums[d + 48] + sums[d + 56])));
            }
        }
    }
}
