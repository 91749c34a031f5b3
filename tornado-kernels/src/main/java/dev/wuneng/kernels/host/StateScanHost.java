package dev.wuneng.kernels.host;

import dev.wuneng.kernels.op.StateScan;
import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * {@link StateScan} and the readout of its gradient as products of small matrices, {@link StatePiece} by piece. The forward pass takes
 * a state from chunk to chunk, so its items are states; what begins from a checkpoint has chunks of states as items.
 */
public final class StateScanHost {
    private StateScanHost() {
    }

    /** Where a chunk of a state stands: in tokens and in checkpoints. */
    record Chunk(int state, int begin, int length, int token, int slot) {
        static Chunk of(int state, int chunk, int tokens, int heads) {
            int begin = chunk * StateScan.CHUNK;
            return new Chunk(state, begin, Math.min(tokens - begin, StateScan.CHUNK), (state / heads * tokens + begin) * heads + state % heads,
                    state * StateScan.slots(tokens) + chunk);
        }
    }

    /** Items are states. */
    public static HostBody forward(View streams, View initial, View y, View e, View checkpoints, int tokens, int heads, int size) {
        StatePiece p = new StatePiece(heads, size);
        int square = size * size;
        int chunks = StateScan.slots(tokens) - 1;
        return (from, to, at, scratch) -> {
            float[] m = scratch.floats(p.floats);
            p.clear(m);
            MemorySegment stream = streams.segment();
            MemorySegment kept = checkpoints.segment();
            for (int state = from; state < to; state++) {
                p.loadTurned(initial.segment(), at[1] + state * square, m, p.state);
                p.storeTurned(m, p.state, kept, at[4] + state * (chunks + 1) * square);
                for (int chunk = 0; chunk < chunks; chunk++) {
                    Chunk c = Chunk.of(state, chunk, tokens, heads);
                    for (int q = 0; q < c.length();) {
                        int token = c.token() + q * heads;
                        int s0 = at[0] + token * 6 * size;
                        int length = p.load(m, stream, s0, c.length() - q, true);
                        forwardPiece(p, m, length);
                        p.storeTokens(m, p.first, y.segment(), at[2] + token * size, length);
                        p.storeTokens(m, p.second, e.segment(), at[3] + token * size, length);
                        q += length;
                    }
                    p.storeTurned(m, p.state, kept, at[4] + (c.slot + 1) * square);
                }
            }
        };
    }

    /** y into first, e into second and, negative, into ve; Sᵀ one piece further. */
    private static void forwardPiece(StatePiece p, float[] m, int length) {
        p.scale(m, p.row(p.outer, StatePiece.R), StatePiece.R, length);
        p.scale(m, p.row(p.outer, StatePiece.KAPPA), StatePiece.KAPPA, length);
        p.turn(m, p.kb);
        p.triangle(m, p.inner, StatePiece.R);
        p.triangle(m, p.inner, StatePiece.KAPPA);
        p.multiply(m, p.row(p.outer, StatePiece.R), StatePiece.TOKENS, p.state, p.first);
        p.multiply(m, p.row(p.outer, StatePiece.KAPPA), StatePiece.TOKENS, p.state, p.second);
        removed(p, m, length);
        p.multiplyTriangle(m, StatePiece.R, 1, p.ve, p.first, true);
        advance(p, m, length);
    }

    /** Sᵀ behind the piece. */
    private static void advance(StatePiece p, float[] m, int length) {
        p.decayLines(m, p.state, length);
        p.addOuter(m, p.kb, p.ve, 2 * StatePiece.TOKENS, p.state);
    }

    /** e_t = what κ̂_t reads of S_0, and of the tokens before t, one token after the other. */
    private static void removed(StatePiece p, float[] m, int length) {
        int line = 2 * StatePiece.TOKENS;
        for (int t = 0; t < length; t++) {
            int a = p.triangle + (StatePiece.KAPPA + t) * line;
            for (int i = 0; i < p.n; i += 2 * Lanes.LENGTH) {
                FloatVector e0 = Lanes.load(m, p.row(p.second, t) + i);
                FloatVector e1 = Lanes.load(m, p.row(p.second, t) + i + Lanes.LENGTH);
                for (int s = 0; s < t; s++) {
                    int v = p.row(p.ve, s) + i;
                    int e = p.row(p.ve, StatePiece.TOKENS + s) + i;
                    FloatVector k = Lanes.of(m[a + s]);
                    FloatVector b = Lanes.of(m[a + StatePiece.TOKENS + s]);
                    e0 = b.fma(Lanes.load(m, e), k.fma(Lanes.load(m, v), e0));
                    e1 = b.fma(Lanes.load(m, e + Lanes.LENGTH), k.fma(Lanes.load(m, v + Lanes.LENGTH), e1));
                }
                Lanes.store(e0, m, p.row(p.second, t) + i);
                Lanes.store(e1, m, p.row(p.second, t) + i + Lanes.LENGTH);
                Lanes.store(e0.neg(), m, p.row(p.ve, StatePiece.TOKENS + t) + i);
                Lanes.store(e1.neg(), m, p.row(p.ve, StatePiece.TOKENS + t) + i + Lanes.LENGTH);
            }
        }
        Arrays.fill(m, p.row(p.ve, StatePiece.TOKENS + length), p.row(p.ve, 2 * StatePiece.TOKENS), 0f);
    }

    /** Items are chunks of states. */
    public static HostBody readout(View streams, View e, View checkpoints, View u, View z, int tokens, int heads, int size) {
        StatePiece p = new StatePiece(heads, size);
        int chunks = StateScan.slots(tokens) - 1;
        return (from, to, at, scratch) -> {
            float[] m = scratch.floats(p.floats);
            p.clear(m);
            MemorySegment stream = streams.segment();
            for (int n = from; n < to; n++) {
                Chunk c = Chunk.of(n / chunks, n % chunks, tokens, heads);
                p.loadMatrix(checkpoints.segment(), at[2] + c.slot * size * size, m, p.state);
                for (int q = 0; q < c.length();) {
                    int token = c.token() + q * heads;
                    int s0 = at[0] + token * 6 * size;
                    int length = p.load(m, stream, s0, c.length() - q, false);
                    p.tokens(m, e.segment(), at[1] + token * size, length, p.row(p.ve, StatePiece.TOKENS));
                    p.negate(m, p.row(p.ve, StatePiece.TOKENS), length);
                    p.tokens(m, u.segment(), at[3] + token * size, length, p.row(p.d, StatePiece.Z));
                    p.turn(m, p.ve);
                    p.triangle(m, p.d, StatePiece.Z);
                    p.multiply(m, p.row(p.d, StatePiece.Z), StatePiece.TOKENS, p.state, p.first);
                    p.multiplyTriangle(m, StatePiece.Z, 1, p.kb, p.second, false);
                    p.combine(m, p.first, p.row(p.through, 1), p.second, p.row(p.inverse, 1), length);
                    p.storeTokens(m, p.first, z.segment(), at[4] + token * size, length);
                    q += length;
                    if (q < c.length) {
                        p.decayColumns(m, p.state, length);
                        p.addOuter(m, p.ve, p.kb, 2 * StatePiece.TOKENS, p.state);
                    }
                }
            }
        };
    }

    /** du = S dz; items are chunks of states. */
    public static HostBody backwardReadout(View streams, View e, View checkpoints, View dz, View du, int tokens, int heads, int size) {
        StatePiece p = new StatePiece(heads, size);
        int chunks = StateScan.slots(tokens) - 1;
        return (from, to, at, scratch) -> {
            float[] m = scratch.floats(p.floats);
            p.clear(m);
            MemorySegment stream = streams.segment();
            for (int n = from; n < to; n++) {
                Chunk c = Chunk.of(n / chunks, n % chunks, tokens, heads);
                p.loadTurned(checkpoints.segment(), at[2] + c.slot * size * size, m, p.state);
                for (int q = 0; q < c.length();) {
                    int token = c.token() + q * heads;
                    int s0 = at[0] + token * 6 * size;
                    int length = p.load(m, stream, s0, c.length() - q, false);
                    p.tokens(m, e.segment(), at[1] + token * size, length, p.row(p.ve, StatePiece.TOKENS));
                    p.negate(m, p.row(p.ve, StatePiece.TOKENS), length);
                    p.tokens(m, dz.segment(), at[3] + token * size, length, p.row(p.outer, StatePiece.Z));
                    p.scale(m, p.row(p.outer, StatePiece.Z), StatePiece.Z, length);
                    p.turn(m, p.kb);
                    p.triangle(m, p.inner, StatePiece.Z);
                    p.multiply(m, p.row(p.outer, StatePiece.Z), StatePiece.TOKENS, p.state, p.first);
                    p.multiplyTriangle(m, StatePiece.Z, 1, p.ve, p.first, true);
                    p.storeTokens(m, p.first, du.segment(), at[4] + token * size, length);
                    q += length;
                    if (q < c.length) {
                        advance(p, m, length);
                    }
                }
            }
        };
    }
}
