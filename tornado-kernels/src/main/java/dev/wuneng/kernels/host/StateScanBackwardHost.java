package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.HostForm;
import dev.wuneng.kernels.run.Scratch;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Both passes of {@link dev.wuneng.kernels.op.StateScanBackward} in one, as products of small matrices, {@link StatePiece} by piece, the last one first. What the
 * first pass finds for the second stays in the caches.
 */
public final class StateScanBackwardHost implements HostBody {
    /** Offsets of the second launch, which has all views; the first has five. */
    private static final int STREAMS = 5;
    private static final int E = 6;
    private static final int CHECKPOINTS = 7;
    private static final int U = 8;
    private static final int DY = 9;
    private static final int DZ = 10;
    private static final int DSTREAMS = 12;

    private final View streams;
    private final View e;
    private final View checkpoints;
    private final View u;
    private final View dy;
    private final View dz;
    private final View dstreams;
    private final StatePiece p;
    private final Chunks chunks;
    private final int square;
    /** The gradients of a group's states in thread memory, and behind them the states before the pieces of a chunk. */
    private final int gradients;
    private final int states;

    private StateScanBackwardHost(View streams, View e, View checkpoints, View u, View dy, View dz, View dstreams, Chunks chunks, int size) {
        this.streams = streams;
        this.e = e;
        this.checkpoints = checkpoints;
        this.u = u;
        this.dy = dy;
        this.dz = dz;
        this.dstreams = dstreams;
        this.chunks = chunks;
        p = new StatePiece(chunks.heads(), size);
        square = size * size;
        gradients = p.floats;
        states = gradients + chunks.group() * square;
    }

    /** Writes dstreams; items are groups of heads. The offsets are those of both launches. */
    public static HostForm form(View streams, View e, View checkpoints, View u, View dy, View dz, View dstreams,
            int batch, int tokens, int heads, int size) {
        Chunks chunks = Chunks.inOrder(batch, tokens, heads);
        return StatePiece.form(size, chunks.groups(), new StateScanBackwardHost(streams, e, checkpoints, u, dy, dz, dstreams, chunks, size));
    }

    @Override
    public void run(int from, int to, int[] at, Scratch scratch) {
        float[] m = scratch.floats(states + StatePiece.TOKENS * square);
        int[] begins = new int[StatePiece.TOKENS];
        p.clear(m);
        for (int g = from; g < to; g++) {
            Arrays.fill(m, gradients, states, 0f);
            for (int chunk = chunks.count() - 1; chunk >= 0; chunk--) {
                fetch(m, at, g, chunk);
                for (int head = 0; head < chunks.heads(g); head++) {
                    chunk(m, at, g, head, chunk, begins);
                }
            }
        }
    }

    private void fetch(float[] m, int[] at, int g, int chunk) {
        int n = p.n;
        chunks.fetch(streams.segment(), at[STREAMS], 6 * n, g, chunk, m, p.unused);
        chunks.fetch(dstreams.segment(), at[DSTREAMS], 6 * n, g, chunk, m, p.unused);
        chunks.fetch(e.segment(), at[E], n, g, chunk, m, p.unused);
        chunks.fetch(u.segment(), at[U], n, g, chunk, m, p.unused);
        chunks.fetch(dy.segment(), at[DY], n, g, chunk, m, p.unused);
        chunks.fetch(dz.segment(), at[DZ], n, g, chunk, m, p.unused);
    }

    /** The pieces of a chunk, the last one first; the states before them come from its checkpoint. */
    private void chunk(float[] m, int[] at, int g, int head, int chunk, int[] begins) {
        int first = chunks.token(g, head, chunk);
        int end = chunks.length(chunk);
        p.loadMatrix(checkpoints.segment(), at[CHECKPOINTS] + chunks.checkpoint(chunks.state(g, head), chunk) * square, m, p.state);
        int count = pieces(m, at, first, end, begins);
        for (int piece = 0; piece < count - 1; piece++) {
            System.arraycopy(m, p.state, m, states + piece * square, square);
            int length = load(m, at, first + begins[piece] * p.heads, begins[piece + 1] - begins[piece], false);
            if (p.apart(m)) {
                p.scaleColumns(m, p.state, p.n, p.decays);
            }
            StateScanHost.advanceTurned(p, m, length);
        }
        for (int piece = count - 1; piece >= 0; piece--) {
            if (piece < count - 1) {
                System.arraycopy(m, states + piece * square, m, p.state, square);
            }
            piece(m, at, first + begins[piece] * p.heads, end - begins[piece], gradients + head * square);
            end = begins[piece];
        }
    }

    /** Where the pieces of a chunk begin, and how many there are. */
    private int pieces(float[] m, int[] at, int first, int tokens, int[] begins) {
        int count = 0;
        for (int q = 0; q < tokens;) {
            begins[count++] = q;
            q += p.length(m, streams.segment(), at[STREAMS] + (first + q * p.heads) * 6 * p.n, tokens - q);
        }
        return count;
    }

    private int load(float[] m, int[] at, int token, int tokens, boolean all) {
        int length = p.load(m, streams.segment(), at[STREAMS] + token * 6 * p.n, tokens, all);
        p.tokensRemoved(m, e.segment(), at[E] + token * p.n, length);
        return length;
    }

    private void piece(float[] m, int[] at, int token, int tokens, int gradient) {
        int length = load(m, at, token, tokens, true);
        p.tokensRead(m, dz.segment(), at[DZ] + token * p.n, length);
        p.tokens(m, dy.segment(), at[DY] + token * p.n, length, p.row(p.d, StatePiece.R));
        p.tokens(m, u.segment(), at[U] + token * p.n, length, p.row(p.d, StatePiece.Z));
        values(p, m, gradient, length);
        keys(p, m, gradient, length);
        for (int t = 0; t < length; t++) {
            store(p, m, t * p.n, dstreams.segment(), at[DSTREAMS] + (token + t * p.heads) * 6 * p.n);
        }
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
