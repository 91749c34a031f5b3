package dev.wuneng.kernels.host;

import dev.wuneng.kernels.op.StateScan;
import dev.wuneng.kernels.run.HostForm;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;

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
    public static HostForm forward(View streams, View initial, View y, View e, View checkpoints, int batch, int tokens, int heads, int size) {
        StatePiece p = new StatePiece(heads, size);
        int square = size * size;
        int chunks = StateScan.slots(tokens) - 1;
        return StatePiece.form(size, batch * heads, (from, to, at, scratch) -> {
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
                        int length = p.load(m, stream, at[0] + token * 6 * size, c.length() - q, true);
                        forwardPiece(p, m, length);
                        p.storeTokens(m, p.first, y.segment(), at[2] + token * size, length);
                        p.storeTokens(m, p.second, e.segment(), at[3] + token * size, length);
                        q += length;
                    }
                    p.storeTurned(m, p.state, kept, at[4] + (c.slot() + 1) * square);
                }
            }
        });
    }

    /** y into first, e into second and, negative, into ve; Sᵀ one piece further. */
    private static void forwardPiece(StatePiece p, float[] m, int length) {
        p.turn(m, p.kb);
        p.triangle(m, p.reads, StatePiece.R);
        p.triangle(m, p.reads, StatePiece.KAPPA);
        p.multiply(m, p.row(p.reads, StatePiece.KAPPA), StatePiece.TOKENS, p.state, p.second);
        if (p.apart(m)) {
            // The first κ̂ reads the state before that decay, the others behind it.
            System.arraycopy(m, p.second, m, p.spare, p.n);
            p.scaleLines(m, p.state, p.decays);
            p.multiply(m, p.row(p.reads, StatePiece.KAPPA), StatePiece.TOKENS, p.state, p.second);
            System.arraycopy(m, p.spare, m, p.second, p.n);
        }
        p.multiply(m, p.row(p.reads, StatePiece.R), StatePiece.TOKENS, p.state, p.first);
        p.removed(m, p.second, length);
        p.addTriangle(m, StatePiece.R, 1, p.ve, p.first);
        advance(p, m, length);
    }

    /** Sᵀ behind the piece. */
    private static void advance(StatePiece p, float[] m, int length) {
        p.addOuter(m, p.kb, p.ve, 2 * StatePiece.TOKENS, p.state);
        p.scaleLines(m, p.state, p.row(p.through, length));
    }

    /** Items are chunks of states. */
    public static HostForm readout(View streams, View e, View checkpoints, View u, View z, int batch, int tokens, int heads, int size) {
        StatePiece p = new StatePiece(heads, size);
        int chunks = StateScan.slots(tokens) - 1;
        return StatePiece.form(size, batch * heads * chunks, (from, to, at, scratch) -> {
            float[] m = scratch.floats(p.floats);
            p.clear(m);
            MemorySegment stream = streams.segment();
            MemorySegment kept = checkpoints.segment();
            for (int n = from; n < to; n++) {
                Chunk c = Chunk.of(n / chunks, n % chunks, tokens, heads);
                p.loadMatrix(kept, at[2] + c.slot() * size * size, m, p.state);
                for (int q = 0; q < c.length();) {
                    int token = c.token() + q * heads;
                    int length = p.load(m, stream, at[0] + token * 6 * size, c.length() - q, false);
                    p.tokensRemoved(m, e.segment(), at[1] + token * size, length);
                    p.tokens(m, u.segment(), at[3] + token * size, length, p.row(p.d, StatePiece.Z));
                    if (p.apart(m)) {
                        p.scaleColumns(m, p.state, size, p.decays);
                    }
                    p.turn(m, p.ve);
                    p.triangle(m, p.d, StatePiece.Z);
                    p.multiply(m, p.row(p.d, StatePiece.Z), StatePiece.TOKENS, p.state, p.first);
                    p.addTriangle(m, StatePiece.Z, 1, p.kb, p.first);
                    p.times(m, p.first, p.row(p.through, 1), length);
                    p.storeTokens(m, p.first, z.segment(), at[4] + token * size, length);
                    q += length;
                    if (q < c.length()) {
                        advanceTurned(p, m, length);
                    }
                }
            }
        });
    }

    /** S behind the piece. */
    static void advanceTurned(StatePiece p, float[] m, int length) {
        p.addOuter(m, p.ve, p.kb, 2 * StatePiece.TOKENS, p.state);
        p.scaleColumns(m, p.state, p.n, p.row(p.through, length));
    }

    /** du = S dz; items are chunks of states. */
    public static HostForm backwardReadout(View streams, View e, View checkpoints, View dz, View du, int batch, int tokens, int heads, int size) {
        StatePiece p = new StatePiece(heads, size);
        int chunks = StateScan.slots(tokens) - 1;
        return StatePiece.form(size, batch * heads * chunks, (from, to, at, scratch) -> {
            float[] m = scratch.floats(p.floats);
            p.clear(m);
            MemorySegment stream = streams.segment();
            MemorySegment kept = checkpoints.segment();
            for (int n = from; n < to; n++) {
                Chunk c = Chunk.of(n / chunks, n % chunks, tokens, heads);
                p.loadTurned(kept, at[2] + c.slot() * size * size, m, p.state);
                for (int q = 0; q < c.length();) {
                    int token = c.token() + q * heads;
                    int length = p.load(m, stream, at[0] + token * 6 * size, c.length() - q, false);
                    p.tokensRemoved(m, e.segment(), at[1] + token * size, length);
                    p.tokensRead(m, dz.segment(), at[3] + token * size, length);
                    if (p.apart(m)) {
                        p.scaleLines(m, p.state, p.decays);
                    }
                    p.turn(m, p.kb);
                    p.triangle(m, p.reads, StatePiece.Z);
                    p.multiply(m, p.row(p.reads, StatePiece.Z), StatePiece.TOKENS, p.state, p.first);
                    p.addTriangle(m, StatePiece.Z, 1, p.ve, p.first);
                    p.storeTokens(m, p.first, du.segment(), at[4] + token * size, length);
                    q += length;
                    if (q < c.length()) {
                        advance(p, m, length);
                    }
                }
            }
        });
    }
}
