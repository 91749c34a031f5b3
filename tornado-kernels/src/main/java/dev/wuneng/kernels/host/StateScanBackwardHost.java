package dev.wuneng.kernels.host;

import dev.wuneng.kernels.op.StateScan;
import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/** The two passes of {@link dev.wuneng.kernels.op.StateScanBackward} in vectors; items are (state, block of the state). */
public final class StateScanBackwardHost {
    private StateScanBackwardHost() {
    }

    /** f and dv, with values in the lanes. */
    public static HostBody values(View streams, View u, View dy, View dz, View work, int tokens, int heads, int size, int workOfState) {
        int blocks = StateBlock.blocks(size);
        int out = size * StateBlock.WIDTH;
        int vectors = out + 2 * StateBlock.WIDTH;
        int dz0 = vectors + 2 * StateBlock.WIDTH;
        int record = dz0 + size;
        int length = 6 * size;
        return (from, to, at, scratch) -> {
            float[] m = scratch.floats(record + 2 * length);
            MemorySegment stream = streams.segment();
            MemorySegment result = work.segment();
            for (int n = from; n < to; n++) {
                int state = n / blocks;
                int first = (n - state * blocks) * StateBlock.WIDTH;
                int count = Math.min(size - first, StateBlock.WIDTH);
                int f0 = at[4] + state * workOfState + first;
                int now = record;
                int after = record + length;
                // Behind the last token nothing flows back: G is zero, and so are the f and the vectors that would change it.
                Arrays.fill(m, 0, record + 2 * length, 0f);
                for (int t = tokens - 1; t >= 0; t--) {
                    int token = (state / heads * tokens + t) * heads + state % heads;
                    StateBlock.load(stream, at[0] + token * 6 * size, m, now, length);
                    StateBlock.load(u.segment(), at[1] + token * size + first, m, vectors, count);
                    StateBlock.load(dy.segment(), at[2] + token * size + first, m, vectors + StateBlock.WIDTH, count);
                    StateBlock.load(dz.segment(), at[3] + token * size, m, dz0, size);
                    valuesToken(m, now, after, vectors, dz0, out, size);
                    StateBlock.store(m, out, result, f0 + t * size, count);
                    StateBlock.store(m, out + StateBlock.WIDTH, result, f0 + (tokens + t) * size, count);
                    int done = now;
                    now = after;
                    after = done;
                }
            }
        };
    }

    /** G of this token from that of the next, f = G b and dv = G k̂, in one pass over the block. */
    private static void valuesToken(float[] m, int now, int after, int vectors, int dz, int out, int size) {
        FloatVector u0 = load(m, vectors);
        FloatVector u1 = load(m, vectors + Lanes.LENGTH);
        FloatVector dy0 = load(m, vectors + StateBlock.WIDTH);
        FloatVector dy1 = load(m, vectors + StateBlock.WIDTH + Lanes.LENGTH);
        FloatVector minus0 = load(m, out).neg();
        FloatVector minus1 = load(m, out + Lanes.LENGTH).neg();
        FloatVector f0 = Lanes.of(0f);
        FloatVector f1 = Lanes.of(0f);
        FloatVector dv0 = Lanes.of(0f);
        FloatVector dv1 = Lanes.of(0f);
        for (int j = 0; j < size; j++) {
            int line = j * StateBlock.WIDTH;
            FloatVector w = Lanes.of(m[after + j]);
            FloatVector kappa = Lanes.of(m[after + size + j]);
            FloatVector b = Lanes.of(m[now + 2 * size + j]);
            FloatVector k = Lanes.of(m[now + 3 * size + j]);
            FloatVector r = Lanes.of(m[now + 5 * size + j]);
            FloatVector reader = Lanes.of(m[dz + j]);
            FloatVector g0 = u0.fma(reader, dy0.fma(r, minus0.fma(kappa, load(m, line).mul(w))));
            FloatVector g1 = u1.fma(reader, dy1.fma(r, minus1.fma(kappa, load(m, line + Lanes.LENGTH).mul(w))));
            g0.intoArray(m, line);
            g1.intoArray(m, line + Lanes.LENGTH);
            f0 = g0.fma(b, f0);
            f1 = g1.fma(b, f1);
            dv0 = g0.fma(k, dv0);
            dv1 = g1.fma(k, dv1);
        }
        f0.intoArray(m, out);
        f1.intoArray(m, out + Lanes.LENGTH);
        dv0.intoArray(m, out + StateBlock.WIDTH);
        dv1.intoArray(m, out + StateBlock.WIDTH + Lanes.LENGTH);
    }

    /** All of dstreams, with keys in the lanes. The states of a chunk stay in thread memory, so work is only read. */
    public static HostBody keys(View streams, View e, View checkpoints, View u, View dy, View dz, View work, View dstreams,
            int tokens, int heads, int size, int workOfState) {
        int blocks = StateBlock.blocks(size);
        int states = size * StateBlock.WIDTH;
        int scalars = states * (StateScan.CHUNK + 2);
        int record = scalars + 4 * size;
        int out = record + 6 * size + StateBlock.WIDTH;
        return (from, to, at, scratch) -> {
            float[] m = scratch.floats(out + 6 * StateBlock.WIDTH);
            MemorySegment stream = streams.segment();
            MemorySegment removed = e.segment();
            MemorySegment found = work.segment();
            for (int n = from; n < to; n++) {
                int state = n / blocks;
                int first = (n - state * blocks) * StateBlock.WIDTH;
                int count = Math.min(size - first, StateBlock.WIDTH);
                int f0 = at[6] + state * workOfState;
                Arrays.fill(m, 0, states, 0f);
                for (int chunk = (tokens - 1) / StateScan.CHUNK; chunk >= 0; chunk--) {
                    int begin = (state / heads * tokens + chunk * StateScan.CHUNK) * heads + state % heads;
                    int length = Math.min(tokens - chunk * StateScan.CHUNK, StateScan.CHUNK);
                    int slot = state * StateScan.slots(tokens) + chunk;
                    StateBlock.loadKeys(checkpoints.segment(), at[2] + slot * size * size, first, count, m, states, size);
                    for (int q = 0; q < length; q++) {
                        int token = begin + q * heads;
                        StateBlock.load(stream, at[0] + token * 6 * size, m, record, 6 * size);
                        StateBlock.load(removed, at[1] + token * size, m, scalars, size);
                        forwardToken(m, (q + 1) * states, record + first, record + 4 * size, scalars, size);
                    }
                    for (int q = length - 1; q >= 0; q--) {
                        int token = begin + q * heads;
                        int f = f0 + (chunk * StateScan.CHUNK + q) * size;
                        StateBlock.load(stream, at[0] + token * 6 * size, m, record, 6 * size);
                        StateBlock.load(removed, at[1] + token * size, m, scalars, size);
                        StateBlock.load(u.segment(), at[3] + token * size, m, scalars + size, size);
                        StateBlock.load(dy.segment(), at[4] + token * size, m, scalars + 2 * size, size);
                        StateBlock.load(found, f, m, scalars + 3 * size, size);
                        StateBlock.load(dz.segment(), at[5] + token * size + first, m, out, count);
                        StateBlock.load(found, f + tokens * size + first, m, out + 4 * StateBlock.WIDTH, count);
                        keysToken(m, (q + 1) * states, record + first, record + 4 * size, scalars, out, size);
                        for (int vector = 0; vector < 6; vector++) {
                            StateBlock.store(m, out + vector * StateBlock.WIDTH, dstreams.segment(), at[7] + (token * 6 + vector) * size + first, count);
                        }
                    }
                }
            }
        };
    }

    /** S behind this token, one block further on in memory than S before it. */
    private static void forwardToken(float[] m, int before, int keys, int v, int e, int size) {
        FloatVector w0 = load(m, keys);
        FloatVector w1 = load(m, keys + Lanes.LENGTH);
        FloatVector minus0 = load(m, keys + 2 * size).neg();
        FloatVector minus1 = load(m, keys + 2 * size + Lanes.LENGTH).neg();
        FloatVector k0 = load(m, keys + 3 * size);
        FloatVector k1 = load(m, keys + 3 * size + Lanes.LENGTH);
        int after = before + size * StateBlock.WIDTH;
        for (int i = 0; i < size; i++) {
            int line = i * StateBlock.WIDTH;
            FloatVector value = Lanes.of(m[v + i]);
            FloatVector removed = Lanes.of(m[e + i]);
            FloatVector s0 = k0.fma(value, minus0.fma(removed, load(m, before + line).mul(w0)));
            FloatVector s1 = k1.fma(value, minus1.fma(removed, load(m, before + line + Lanes.LENGTH).mul(w1)));
            s0.intoArray(m, after + line);
            s1.intoArray(m, after + line + Lanes.LENGTH);
        }
    }

    /**
     * The gradients of this token's keys, and G for the token before. Scalars are e, u, dy and f, size each; out holds dz first, and then
     * dw, dκ̂, db, dk̂, what was there for dv, and dr.
     */
    private static void keysToken(float[] m, int before, int keys, int v, int scalars, int out, int size) {
        int after = before + size * StateBlock.WIDTH;
        for (int part = 0; part < StateBlock.WIDTH; part += Lanes.LENGTH) {
            FloatVector w = load(m, keys + part);
            FloatVector kappa = load(m, keys + size + part).neg();
            FloatVector r = load(m, keys + 5 * size + part);
            FloatVector reader = load(m, out + part);
            FloatVector dw = Lanes.of(0f);
            FloatVector dkappa = Lanes.of(0f);
            FloatVector db = Lanes.of(0f);
            FloatVector dk = Lanes.of(0f);
            FloatVector dr = Lanes.of(0f);
            for (int i = 0; i < size; i++) {
                int line = i * StateBlock.WIDTH + part;
                FloatVector dy = Lanes.of(m[scalars + 2 * size + i]);
                FloatVector f = Lanes.of(m[scalars + 3 * size + i]);
                FloatVector old = load(m, before + line);
                FloatVector g = reader.fma(Lanes.of(m[scalars + size + i]), r.fma(dy, load(m, line)));
                dw = g.fma(old, dw);
                dkappa = old.fma(f, dkappa);
                db = g.fma(Lanes.of(m[scalars + i]), db);
                dk = g.fma(Lanes.of(m[v + i]), dk);
                dr = load(m, after + line).fma(dy, dr);
                kappa.fma(f, g.mul(w)).intoArray(m, line);
            }
            dw.intoArray(m, out + part);
            dkappa.neg().intoArray(m, out + StateBlock.WIDTH + part);
            db.neg().intoArray(m, out + 2 * StateBlock.WIDTH + part);
            dk.intoArray(m, out + 3 * StateBlock.WIDTH + part);
            dr.intoArray(m, out + 5 * StateBlock.WIDTH + part);
        }
    }

    private static FloatVector load(float[] from, int at) {
        return FloatVector.fromArray(Lanes.SPECIES, from, at);
    }
}
