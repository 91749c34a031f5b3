package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostForm;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Both passes of {@link dev.wuneng.kernels.op.StateScanBackward} in one, as products of small matrices, {@link StatePiece} by piece, the last one first. What the
 * first pass finds for the second stays in the caches.
 */
public final class StateScanBackwardHost {
    /** Offsets of the second launch, which has all views; the first has five. */
    private static final int STREAMS = 5;
    private static final int E = 6;
    private static final int CHECKPOINTS = 7;
    private static final int U = 8;
    private static final int DY = 9;
    private static final int DZ = 10;
    private static final int DSTREAMS = 12;

    private StateScanBackwardHost() {
    }

    /** Writes dstreams; items are groups of heads. The offsets are those of both launches. */
    public static HostForm gradients(View streams, View e, View checkpoints, View u, View dy, View dz, View dstreams,
            int batch, int tokens, int heads, int size) {
        StatePiece p = new StatePiece(heads, size);
        Chunks chunks = Chunks.inOrder(batch, tokens, heads);
        int square = size * size;
        int gradients = p.floats;
        int states = gradients + chunks.group() * square;
        return StatePiece.form(size, chunks.groups(), (from, to, at, scratch) -> {
            // The states before the pieces of a chunk stand at the end.
            float[] m = scratch.floats(states + StatePiece.TOKENS * square);
            int[] begins = new int[StatePiece.TOKENS];
            p.clear(m);
            MemorySegment stream = streams.segment();
            for (int g = from; g < to; g++) {
                Arrays.fill(m, gradients, states, 0f);
                for (int chunk = chunks.count() - 1; chunk >= 0; chunk--) {
                    chunks.fetch(stream, at[STREAMS], 6 * size, g, chunk, m, p.unused);
                    chunks.fetch(dstreams.segment(), at[DSTREAMS], 6 * size, g, chunk, m, p.unused);
                    chunks.fetch(e.segment(), at[E], size, g, chunk, m, p.unused);
                    chunks.fetch(u.segment(), at[U], size, g, chunk, m, p.unused);
                    chunks.fetch(dy.segment(), at[DY], size, g, chunk, m, p.unused);
                    chunks.fetch(dz.segment(), at[DZ], size, g, chunk, m, p.unused);
                    for (int head = 0; head < chunks.heads(g); head++) {
                        int gradient = gradients + head * square;
                        int first = chunks.token(g, head, chunk);
                        p.loadMatrix(checkpoints.segment(), at[CHECKPOINTS] + chunks.checkpoint(chunks.state(g, head), chunk) * square, m, p.state);
                        int end = chunks.length(chunk);
                        int count = pieces(p, m, stream, at[STREAMS] + first * 6 * size, end, heads, begins);
                        for (int piece = 0; piece < count - 1; piece++) {
                            System.arraycopy(m, p.state, m, states + piece * square, square);
                            int token = first + begins[piece] * heads;
                            int length = p.load(m, stream, at[STREAMS] + token * 6 * size, begins[piece + 1] - begins[piece], false);
                            p.tokensRemoved(m, e.segment(), at[E] + token * size, length);
                            if (p.apart(m)) {
                                p.scaleColumns(m, p.state, size, p.decays);
                            }
                            StateScanHost.advanceTurned(p, m, length);
                        }
                        for (int piece = count - 1; piece >= 0; piece--) {
                            if (piece < count - 1) {
                                System.arraycopy(m, states + piece * square, m, p.state, square);
                            }
                            int token = first + begins[piece] * heads;
                            int length = p.load(m, stream, at[STREAMS] + token * 6 * size, end - begins[piece], true);
                            p.tokensRemoved(m, e.segment(), at[E] + token * size, length);
                            p.tokensRead(m, dz.segment(), at[DZ] + token * size, length);
                            p.tokens(m, dy.segment(), at[DY] + token * size, length, p.row(p.d, StatePiece.R));
                            p.tokens(m, u.segment(), at[U] + token * size, length, p.row(p.d, StatePiece.Z));
                            values(p, m, gradient, length);
                            keys(p, m, gradient, length);
                            for (int t = 0; t < length; t++) {
                                store(p, m, t * size, dstreams.segment(), at[DSTREAMS] + (token + t * heads) * 6 * size);
                            }
                            end = begins[piece];
                        }
                    }
                }
            }
        });
    }

    /** Where the pieces of a chunk begin, and how many there are. */
    private static int pieces(StatePiece p, float[] m, MemorySegment streams, int element, int tokens, int heads, int[] begins) {
        int count = 0;
        for (int q = 0; q < tokens;) {
            begins[count++] = q;
            q += p.length(m, streams, element + q * heads * 6 * p.n, tokens - q);
        }
        return count;
    }

    /** dv, and f, negative, into d; (G_L diag(W_L))ᵀ into gradient. */
    private static void values(StatePiece p, float[] m, int gradient, int length) {
        int tokens = StatePiece.TOKENS;
        p.scaleLines(m, gradient, p.row(p.through, length));
        p.turn(m, p.kb);
        p.triangle(m, p.reads, StatePiece.R);
        p.triangle(m, p.reads, StatePiece.Z);
        p.triangle(m, p.reads, StatePiece.KAPPA);
        p.multiply(m, p.kb, 2 * tokens, gradient, p.first);
        p.addTriangleTurned(m, tokens, tokens, 2, p.d, p.row(p.first, tokens));
        p.returned(m, p.row(p.first, tokens), length);
        p.addTriangleTurned(m, 0, tokens, 3, p.d, p.first);
        System.arraycopy(m, p.first, m, p.dv, tokens * p.n);
    }

    /** dr / W and dκ̂ / W into first, dk̂ W and db W into second, dw in place of w; Gᵀ one piece back. */
    private static void keys(StatePiece p, float[] m, int gradient, int length) {
        int tokens = StatePiece.TOKENS;
        boolean apart = p.apart(m);
        p.turnMatrix(m, gradient);
        p.turn(m, p.ve);
        p.triangle(m, p.d, StatePiece.R);
        p.triangle(m, p.d, StatePiece.Z);
        p.triangle(m, p.d, StatePiece.KAPPA);
        p.multiply(m, p.ve, 2 * tokens, p.turned, p.second);
        p.addTriangleTurned(m, 0, 2 * tokens, 3, p.reads, p.second);
        p.multiply(m, p.d, 3 * tokens, p.state, p.first);
        firstDecay(p, m);
        if (apart) {
            // All but the first κ̂ read the state behind that decay.
            p.scaleColumns(m, p.first, 2 * tokens, p.decays);
            p.scaleColumns(m, p.row(p.first, StatePiece.KAPPA + 1), tokens - 1, p.decays);
        }
        p.addTriangle(m, StatePiece.R, 3, p.kb, p.first);
        stepBack(p, m, gradient, apart);
        decays(p, m, length);
    }

    /** Scales what {@link #keys} found of a token, and stores all of its gradients as they lie in memory. Too long to be inlined, like what loads a token. */
    private static void store(StatePiece p, float[] m, int row, MemorySegment dstreams, int element) {
        int n = p.n;
        int kappa = p.row(p.first, StatePiece.KAPPA);
        int b = p.row(p.second, StatePiece.TOKENS);
        for (int j = 0; j < n; j += SmallProduct.COLUMNS) {
            int i = row + j;
            int k = i + Lanes.LENGTH;
            int to = element + j;
            int next = to + Lanes.LENGTH;
            Lanes.store(Lanes.load(m, p.decays + i), dstreams, to);
            Lanes.store(Lanes.load(m, p.decays + k), dstreams, next);
            Lanes.store(Lanes.load(m, kappa + i).mul(Lanes.load(m, p.through + i)), dstreams, to + n);
            Lanes.store(Lanes.load(m, kappa + k).mul(Lanes.load(m, p.through + k)), dstreams, next + n);
            FloatVector inverse0 = Lanes.load(m, p.inverse + n + i);
            FloatVector inverse1 = Lanes.load(m, p.inverse + n + k);
            Lanes.store(Lanes.load(m, b + i).mul(inverse0), dstreams, to + 2 * n);
            Lanes.store(Lanes.load(m, b + k).mul(inverse1), dstreams, next + 2 * n);
            Lanes.store(Lanes.load(m, p.second + i).mul(inverse0), dstreams, to + 3 * n);
            Lanes.store(Lanes.load(m, p.second + k).mul(inverse1), dstreams, next + 3 * n);
            Lanes.store(Lanes.load(m, p.dv + i), dstreams, to + 4 * n);
            Lanes.store(Lanes.load(m, p.dv + k), dstreams, next + 4 * n);
            Lanes.store(Lanes.load(m, p.first + i).mul(Lanes.load(m, p.through + n + i)), dstreams, to + 5 * n);
            Lanes.store(Lanes.load(m, p.first + k).mul(Lanes.load(m, p.through + n + k)), dstreams, next + 5 * n);
        }
    }

    /** Gᵀ behind the piece before. */
    private static void stepBack(StatePiece p, float[] m, int gradient, boolean apart) {
        if (!apart) {
            p.addOuter(m, p.reads, p.d, 3 * StatePiece.TOKENS, gradient);
            return;
        }
        int kappa = p.row(p.reads, StatePiece.KAPPA);
        System.arraycopy(m, kappa, m, p.row(p.turned, 0), p.n);
        Arrays.fill(m, kappa, kappa + p.n, 0f);
        p.addOuter(m, p.reads, p.d, 3 * StatePiece.TOKENS, gradient);
        p.scaleLines(m, gradient, p.decays);
        p.addOuter(m, p.turned, p.row(p.d, StatePiece.KAPPA), 1, gradient);
    }

    /** What (G_1 ⊙ S_0) diag(W_1) sums up to over values, into spare. */
    private static void firstDecay(StatePiece p, float[] m) {
        Arrays.fill(m, p.spare, p.spare + p.n, 0f);
        addProducts(p, m, p.turned, p.state, p.n);
        addProducts(p, m, p.reads, p.first, 2 * StatePiece.TOKENS);
        addProducts(p, m, p.row(p.reads, StatePiece.KAPPA + 1), p.row(p.first, StatePiece.KAPPA + 1), StatePiece.TOKENS - 1);
    }

    /** Adds the sum of rows of a ⊙ b to spare, in two sums each of every other row. */
    private static void addProducts(StatePiece p, float[] m, int a, int b, int rows) {
        int even = rows / 2 * 2 * p.n;
        for (int j = 0; j < p.n; j += Lanes.LENGTH) {
            FloatVector x = Lanes.load(m, p.spare + j);
            FloatVector y = Lanes.of(0f);
            for (int i = j; i < even; i += 2 * p.n) {
                x = Lanes.load(m, a + i).fma(Lanes.load(m, b + i), x);
                y = Lanes.load(m, a + i + p.n).fma(Lanes.load(m, b + i + p.n), y);
            }
            for (int i = even + j; i < rows * p.n; i += p.n) {
                x = Lanes.load(m, a + i).fma(Lanes.load(m, b + i), x);
            }
            x.add(y).intoArray(m, p.spare + j);
        }
    }

    /**
     * dw without a sum over values: w_t ⊙ dw_t is what G_t ⊙ S_(t−1) sums up to after the decay, and from one token to the next
     *
     * <pre>
     *   w_(t+1) ⊙ dw_(t+1) = w_t ⊙ dw_t + k̂_t ⊙ dk̂_t + b_t ⊙ db_t − r_t ⊙ dr_t − dz_t ⊙ z_t − κ̂_(t+1) ⊙ dκ̂_(t+1)
     * </pre>
     *
     * where W and 1 / W cancel in each product.
     */
    private static void decays(StatePiece p, float[] m, int length) {
        for (int j = 0; j < p.n; j += Lanes.LENGTH) {
            FloatVector dw = Lanes.load(m, p.spare + j).mul(Lanes.load(m, p.row(p.inverse, 1) + j));
            FloatVector x = dw.mul(Lanes.load(m, p.decays + j));
            Lanes.store(dw, m, p.decays + j);
            for (int t = 0; t + 1 < length; t++) {
                int i = p.row(j, t);
                int z = p.row(i, StatePiece.Z);
                int kappa = p.row(i, StatePiece.KAPPA + 1);
                int b = p.row(i, StatePiece.TOKENS);
                FloatVector less = Lanes.load(m, p.reads + i).mul(Lanes.load(m, p.first + i));
                less = Lanes.load(m, p.reads + z).fma(Lanes.load(m, p.first + z), less);
                less = Lanes.load(m, p.reads + kappa).fma(Lanes.load(m, p.first + kappa), less);
                x = Lanes.load(m, p.kb + i).fma(Lanes.load(m, p.second + i), x);
                x = Lanes.load(m, p.kb + b).fma(Lanes.load(m, p.second + b), x);
                x = x.sub(less);
                FloatVector inverse = Lanes.load(m, p.row(p.through, t + 1) + j).mul(Lanes.load(m, p.row(p.inverse, t + 2) + j));
                Lanes.store(x.mul(inverse), m, p.row(p.decays, t + 1) + j);
            }
        }
    }
}
