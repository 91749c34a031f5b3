package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostForm;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;

/**
 * {@link dev.wuneng.kernels.op.StateScan} and the readout of its gradient as products of small matrices, {@link StatePiece} by piece. The forward pass takes
 * states from chunk to chunk, so its items are groups of heads; what begins from a checkpoint has chunks of groups as items.
 */
public final class StateScanHost {
    private StateScanHost() {
    }

    /** Writes y, e and checkpoints. */
    public static HostForm forward(View streams, View initial, View y, View e, View checkpoints, int batch, int tokens, int heads, int size) {
        StatePiece p = new StatePiece(heads, size);
        Chunks chunks = Chunks.inOrder(batch, tokens, heads);
        int square = size * size;
        return StatePiece.form(size, chunks.groups(), (from, to, at, scratch) -> {
            float[] m = scratch.floats(p.floats + chunks.group() * square);
            p.clear(m);
            MemorySegment stream = streams.segment();
            MemorySegment kept = checkpoints.segment();
            for (int g = from; g < to; g++) {
                for (int head = 0; head < chunks.heads(g); head++) {
                    int state = chunks.state(g, head);
                    p.loadTurned(initial.segment(), at[1] + state * square, m, p.floats + head * square);
                    p.storeTurned(m, p.floats + head * square, kept, at[4] + chunks.checkpoint(state, 0) * square);
                }
                for (int chunk = 0; chunk < chunks.count(); chunk++) {
                    chunks.fetch(stream, at[0], 6 * size, g, chunk, m, p.unused);
                    chunks.fetch(y.segment(), at[2], size, g, chunk, m, p.unused);
                    chunks.fetch(e.segment(), at[3], size, g, chunk, m, p.unused);
                    for (int head = 0; head < chunks.heads(g); head++) {
                        int state = p.floats + head * square;
                        for (int q = 0; q < chunks.length(chunk);) {
                            int token = chunks.token(g, head, chunk) + q * heads;
                            int length = p.load(m, stream, at[0] + token * 6 * size, chunks.length(chunk) - q, true);
                            forwardPiece(p, m, state, length);
                            p.storeTokens(m, p.first, y.segment(), at[2] + token * size, length);
                            p.storeTokens(m, p.second, e.segment(), at[3] + token * size, length);
                            q += length;
                        }
                        p.storeTurned(m, state, kept, at[4] + chunks.checkpoint(chunks.state(g, head), chunk + 1) * square);
                    }
                }
            }
        });
    }

    /** y into first, e into second and, negative, into ve; Sᵀ one piece further. */
    private static void forwardPiece(StatePiece p, float[] m, int state, int length) {
        p.turn(m, p.kb);
        p.triangle(m, p.reads, StatePiece.R);
        p.triangle(m, p.reads, StatePiece.KAPPA);
        p.multiply(m, p.row(p.reads, StatePiece.KAPPA), StatePiece.TOKENS, state, p.second);
        if (p.apart(m)) {
            // The first κ̂ reads the state before that decay, the others behind it.
            System.arraycopy(m, p.second, m, p.spare, p.n);
            p.scaleLines(m, state, p.decays);
            p.multiply(m, p.row(p.reads, StatePiece.KAPPA), StatePiece.TOKENS, state, p.second);
            System.arraycopy(m, p.spare, m, p.second, p.n);
        }
        p.multiply(m, p.row(p.reads, StatePiece.R), StatePiece.TOKENS, state, p.first);
        p.removed(m, p.second, length);
        p.addTriangle(m, StatePiece.R, 1, p.ve, p.first);
        advance(p, m, state, length);
    }

    /** Sᵀ behind the piece. */
    private static void advance(StatePiece p, float[] m, int state, int length) {
        p.addOuter(m, p.kb, p.ve, 2 * StatePiece.TOKENS, state);
        p.scaleLines(m, state, p.row(p.through, length));
    }

    /** The last checkpoint of every state. */
    public static HostForm last(View checkpoints, View state, int states, int slots, int square) {
        return new HostForm(states, (from, to, at, scratch) -> {
            for (int i = from; i < to; i++) {
                MemorySegment.copy(checkpoints.segment(), 4L * (at[0] + (i * slots + slots - 1) * square), state.segment(), 4L * (at[1] + i * square), 4L * square);
            }
        });
    }

    /** z = Sᵀ u. */
    public static HostForm readout(View streams, View e, View checkpoints, View u, View z, int batch, int tokens, int heads, int size) {
        return fromCheckpoints(streams, e, checkpoints, u, z, batch, tokens, heads, size, false);
    }

    /** du = S dz. */
    public static HostForm backwardReadout(View streams, View e, View checkpoints, View dz, View du, int batch, int tokens, int heads, int size) {
        return fromCheckpoints(streams, e, checkpoints, dz, du, batch, tokens, heads, size, true);
    }

    /**
     * What all tokens read of their states, chunk by chunk from its checkpoint.
     *
     * @param keys whether {@code in} is read along keys (S dz) or along values (Sᵀ u)
     */
    private static HostForm fromCheckpoints(View streams, View e, View checkpoints, View in, View out, int batch, int tokens, int heads, int size,
            boolean keys) {
        StatePiece p = new StatePiece(heads, size);
        Chunks chunks = Chunks.sideBySide(batch, tokens, heads);
        return StatePiece.form(size, chunks.groups() * chunks.count(), (from, to, at, scratch) -> {
            float[] m = scratch.floats(p.floats);
            p.clear(m);
            MemorySegment stream = streams.segment();
            MemorySegment kept = checkpoints.segment();
            for (int n = from; n < to; n++) {
                int g = n / chunks.count();
                int chunk = n % chunks.count();
                chunks.fetch(stream, at[0], 6 * size, g, chunk, m, p.unused);
                chunks.fetch(e.segment(), at[1], size, g, chunk, m, p.unused);
                chunks.fetch(in.segment(), at[3], size, g, chunk, m, p.unused);
                chunks.fetch(out.segment(), at[4], size, g, chunk, m, p.unused);
                for (int head = 0; head < chunks.heads(g); head++) {
                    int checkpoint = at[2] + chunks.checkpoint(chunks.state(g, head), chunk) * size * size;
                    if (keys) {
                        p.loadTurned(kept, checkpoint, m, p.state);
                    } else {
                        p.loadMatrix(kept, checkpoint, m, p.state);
                    }
                    for (int q = 0; q < chunks.length(chunk);) {
                        int token = chunks.token(g, head, chunk) + q * heads;
                        int length = p.load(m, stream, at[0] + token * 6 * size, chunks.length(chunk) - q, false);
                        p.tokensRemoved(m, e.segment(), at[1] + token * size, length);
                        q += length;
                        if (keys) {
                            readKeys(p, m, in.segment(), at[3] + token * size, length, q < chunks.length(chunk));
                        } else {
                            readValues(p, m, in.segment(), at[3] + token * size, length, q < chunks.length(chunk));
                        }
                        p.storeTokens(m, p.first, out.segment(), at[4] + token * size, length);
                    }
                }
            }
        });
    }

    /** S dz into first, and Sᵀ one piece further if it goes on. */
    private static void readKeys(StatePiece p, float[] m, MemorySegment dz, int element, int length, boolean goesOn) {
        p.tokensRead(m, dz, element, length);
        if (p.apart(m)) {
            p.scaleLines(m, p.state, p.decays);
        }
        p.turn(m, p.kb);
        p.triangle(m, p.reads, StatePiece.Z);
        p.multiply(m, p.row(p.reads, StatePiece.Z), StatePiece.TOKENS, p.state, p.first);
        p.addTriangle(m, StatePiece.Z, 1, p.ve, p.first);
        if (goesOn) {
            advance(p, m, p.state, length);
        }
    }

    /** Sᵀ u into first, and S one piece further if it goes on. */
    private static void readValues(StatePiece p, float[] m, MemorySegment u, int element, int length, boolean goesOn) {
        p.tokens(m, u, element, length, p.row(p.d, StatePiece.Z));
        if (p.apart(m)) {
            p.scaleColumns(m, p.state, p.n, p.decays);
        }
        p.turn(m, p.ve);
        p.triangle(m, p.d, StatePiece.Z);
        p.multiply(m, p.row(p.d, StatePiece.Z), StatePiece.TOKENS, p.state, p.first);
        p.addTriangle(m, StatePiece.Z, 1, p.kb, p.first);
        p.times(m, p.first, p.row(p.through, 1), length);
        if (goesOn) {
            advanceTurned(p, m, length);
        }
    }

    /** S behind the piece. */
    static void advanceTurned(StatePiece p, float[] m, int length) {
        p.addOuter(m, p.ve, p.kb, 2 * StatePiece.TOKENS, p.state);
        p.scaleColumns(m, p.state, p.n, p.row(p.through, length));
    }
}
