package dev.wuneng.kernels.host;

import dev.wuneng.kernels.op.StateScan;
import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * {@link StateScan} and the readout of its gradient in vectors; items are (state, block of the state). Where the sum runs over keys, the lanes are
 * values, and the other way round, so no sum runs across lanes.
 */
public final class StateScanHost {
    private StateScanHost() {
    }

    /** The number of items. */
    public static int items(int states, int size) {
        return states * StateBlock.blocks(size);
    }

    public static HostBody forward(View streams, View initial, View y, View e, View checkpoints, int tokens, int heads, int size) {
        int blocks = StateBlock.blocks(size);
        int e0 = size * StateBlock.WIDTH;
        int y0 = e0 + StateBlock.WIDTH;
        int row = y0 + StateBlock.WIDTH;
        int record = row + size;
        int length = 6 * size + StateBlock.WIDTH;
        return (from, to, at, scratch) -> {
            float[] m = scratch.floats(record + 2 * length);
            MemorySegment vectors = streams.segment();
            MemorySegment out = y.segment();
            MemorySegment removed = e.segment();
            MemorySegment kept = checkpoints.segment();
            for (int n = from; n < to; n++) {
                int state = n / blocks;
                int first = (n - state * blocks) * StateBlock.WIDTH;
                int count = Math.min(size - first, StateBlock.WIDTH);
                int slot = at[4] + state * StateScan.slots(tokens) * size * size;
                StateBlock.loadValues(initial.segment(), at[1] + state * size * size, first, count, m, row, size);
                StateBlock.storeValues(m, row, kept, slot, first, count, size);
                int token = state / heads * tokens * heads + state % heads;
                int now = record;
                int next = record + length;
                StateBlock.load(vectors, at[0] + token * 6 * size, m, now, 6 * size);
                readRemoved(m, now + size, e0, size);
                for (int t = 0; t < tokens; t++) {
                    StateBlock.store(m, e0, removed, at[3] + token * size + first, count);
                    if (t + 1 < tokens) {
                        StateBlock.load(vectors, at[0] + (token + heads) * 6 * size, m, next, 6 * size);
                    }
                    forwardToken(m, now, next, now + 4 * size + first, e0, y0, size);
                    StateBlock.store(m, y0, out, at[2] + token * size + first, count);
                    if ((t + 1) % StateScan.CHUNK == 0 || t + 1 == tokens) {
                        StateBlock.storeValues(m, row, kept, slot + (t / StateScan.CHUNK + 1) * size * size, first, count, size);
                    }
                    token += heads;
                    int done = now;
                    now = next;
                    next = done;
                }
            }
        };
    }

    /** e = S κ̂ of the first token. */
    private static void readRemoved(float[] m, int kappa, int e, int size) {
        FloatVector sum0 = Lanes.of(0f);
        FloatVector sum1 = Lanes.of(0f);
        for (int j = 0; j < size; j++) {
            FloatVector k = Lanes.of(m[kappa + j]);
            sum0 = load(m, j * StateBlock.WIDTH).fma(k, sum0);
            sum1 = load(m, j * StateBlock.WIDTH + Lanes.LENGTH).fma(k, sum1);
        }
        store(sum0, m, e);
        store(sum1, m, e + Lanes.LENGTH);
    }

    /** S of this token, y = S r, and e = S κ̂ of the next one, all in one pass over the block. */
    private static void forwardToken(float[] m, int now, int next, int v, int e, int y, int size) {
        FloatVector v0 = load(m, v);
        FloatVector v1 = load(m, v + Lanes.LENGTH);
        FloatVector minus0 = load(m, e).neg();
        FloatVector minus1 = load(m, e + Lanes.LENGTH).neg();
        FloatVector y0 = Lanes.of(0f);
        FloatVector y1 = Lanes.of(0f);
        FloatVector e0 = Lanes.of(0f);
        FloatVector e1 = Lanes.of(0f);
        for (int j = 0; j < size; j++) {
            int line = j * StateBlock.WIDTH;
            FloatVector w = Lanes.of(m[now + j]);
            FloatVector b = Lanes.of(m[now + 2 * size + j]);
            FloatVector k = Lanes.of(m[now + 3 * size + j]);
            FloatVector r = Lanes.of(m[now + 5 * size + j]);
            FloatVector kappa = Lanes.of(m[next + size + j]);
            FloatVector s0 = v0.fma(k, minus0.fma(b, load(m, line).mul(w)));
            FloatVector s1 = v1.fma(k, minus1.fma(b, load(m, line + Lanes.LENGTH).mul(w)));
            store(s0, m, line);
            store(s1, m, line + Lanes.LENGTH);
            y0 = s0.fma(r, y0);
            y1 = s1.fma(r, y1);
            e0 = s0.fma(kappa, e0);
            e1 = s1.fma(kappa, e1);
        }
        store(y0, m, y);
        store(y1, m, y + Lanes.LENGTH);
        store(e0, m, e);
        store(e1, m, e + Lanes.LENGTH);
    }

    /** z = Sᵀ u, with keys in the lanes. */
    public static HostBody readout(View streams, View e, View checkpoints, View u, View z, int tokens, int heads, int size) {
        int blocks = StateBlock.blocks(size);
        int z0 = size * StateBlock.WIDTH;
        int e0 = z0 + StateBlock.WIDTH;
        int u0 = e0 + size;
        int record = u0 + size;
        return (from, to, at, scratch) -> {
            float[] m = scratch.floats(record + 6 * size + StateBlock.WIDTH);
            MemorySegment vectors = streams.segment();
            for (int n = from; n < to; n++) {
                int state = n / blocks;
                int first = (n - state * blocks) * StateBlock.WIDTH;
                int count = Math.min(size - first, StateBlock.WIDTH);
                StateBlock.loadKeys(checkpoints.segment(), at[2] + state * StateScan.slots(tokens) * size * size, first, count, m, 0, size);
                int token = state / heads * tokens * heads + state % heads;
                for (int t = 0; t < tokens; t++) {
                    StateBlock.load(vectors, at[0] + token * 6 * size, m, record, 6 * size);
                    StateBlock.load(e.segment(), at[1] + token * size, m, e0, size);
                    StateBlock.load(u.segment(), at[3] + token * size, m, u0, size);
                    readoutToken(m, record + first, record + 4 * size, e0, u0, z0, size);
                    StateBlock.store(m, z0, z.segment(), at[4] + token * size + first, count);
                    token += heads;
                }
            }
        };
    }

    private static void readoutToken(float[] m, int keys, int v, int e, int u, int z, int size) {
        FloatVector w0 = load(m, keys);
        FloatVector w1 = load(m, keys + Lanes.LENGTH);
        FloatVector minus0 = load(m, keys + 2 * size).neg();
        FloatVector minus1 = load(m, keys + 2 * size + Lanes.LENGTH).neg();
        FloatVector k0 = load(m, keys + 3 * size);
        FloatVector k1 = load(m, keys + 3 * size + Lanes.LENGTH);
        FloatVector z0 = Lanes.of(0f);
        FloatVector z1 = Lanes.of(0f);
        for (int i = 0; i < size; i++) {
            int line = i * StateBlock.WIDTH;
            FloatVector value = Lanes.of(m[v + i]);
            FloatVector removed = Lanes.of(m[e + i]);
            FloatVector reader = Lanes.of(m[u + i]);
            FloatVector s0 = k0.fma(value, minus0.fma(removed, load(m, line).mul(w0)));
            FloatVector s1 = k1.fma(value, minus1.fma(removed, load(m, line + Lanes.LENGTH).mul(w1)));
            store(s0, m, line);
            store(s1, m, line + Lanes.LENGTH);
            z0 = s0.fma(reader, z0);
            z1 = s1.fma(reader, z1);
        }
        store(z0, m, z);
        store(z1, m, z + Lanes.LENGTH);
    }

    /** du = S dz, with values in the lanes. */
    public static HostBody backwardReadout(View streams, View e, View checkpoints, View dz, View du, int tokens, int heads, int size) {
        int blocks = StateBlock.blocks(size);
        int du0 = size * StateBlock.WIDTH;
        int e0 = du0 + StateBlock.WIDTH;
        int dz0 = e0 + StateBlock.WIDTH;
        int row = dz0 + size;
        int record = row + size;
        return (from, to, at, scratch) -> {
            float[] m = scratch.floats(record + 6 * size + StateBlock.WIDTH);
            MemorySegment vectors = streams.segment();
            for (int n = from; n < to; n++) {
                int state = n / blocks;
                int first = (n - state * blocks) * StateBlock.WIDTH;
                int count = Math.min(size - first, StateBlock.WIDTH);
                StateBlock.loadValues(checkpoints.segment(), at[2] + state * StateScan.slots(tokens) * size * size, first, count, m, row, size);
                int token = state / heads * tokens * heads + state % heads;
                for (int t = 0; t < tokens; t++) {
                    StateBlock.load(vectors, at[0] + token * 6 * size, m, record, 6 * size);
                    StateBlock.load(e.segment(), at[1] + token * size + first, m, e0, count);
                    StateBlock.load(dz.segment(), at[3] + token * size, m, dz0, size);
                    backwardReadoutToken(m, record, record + 4 * size + first, e0, dz0, du0, size);
                    StateBlock.store(m, du0, du.segment(), at[4] + token * size + first, count);
                    token += heads;
                }
            }
        };
    }

    private static void backwardReadoutToken(float[] m, int keys, int v, int e, int dz, int du, int size) {
        FloatVector v0 = load(m, v);
        FloatVector v1 = load(m, v + Lanes.LENGTH);
        FloatVector minus0 = load(m, e).neg();
        FloatVector minus1 = load(m, e + Lanes.LENGTH).neg();
        FloatVector du0 = Lanes.of(0f);
        FloatVector du1 = Lanes.of(0f);
        for (int j = 0; j < size; j++) {
            int line = j * StateBlock.WIDTH;
            FloatVector w = Lanes.of(m[keys + j]);
            FloatVector b = Lanes.of(m[keys + 2 * size + j]);
            FloatVector k = Lanes.of(m[keys + 3 * size + j]);
            FloatVector reader = Lanes.of(m[dz + j]);
            FloatVector s0 = v0.fma(k, minus0.fma(b, load(m, line).mul(w)));
            FloatVector s1 = v1.fma(k, minus1.fma(b, load(m, line + Lanes.LENGTH).mul(w)));
            store(s0, m, line);
            store(s1, m, line + Lanes.LENGTH);
            du0 = s0.fma(reader, du0);
            du1 = s1.fma(reader, du1);
        }
        store(du0, m, du);
        store(du1, m, du + Lanes.LENGTH);
    }

    private static FloatVector load(float[] from, int at) {
        return FloatVector.fromArray(Lanes.SPECIES, from, at);
    }

    private static void store(FloatVector value, float[] to, int at) {
        value.intoArray(to, at);
    }
}
