package dev.wuneng.kernels.host;

import dev.wuneng.kernels.host.StateScanHost.Chunk;
import dev.wuneng.kernels.op.StateScan;
import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/** The two passes of {@link dev.wuneng.kernels.op.StateScanBackward} as products of small matrices, {@link StatePiece} by piece, the last one first. */
public final class StateScanBackwardHost {
    private StateScanBackwardHost() {
    }

    /** f and dv into work, and Gᵀ behind each chunk; items are states. */
    public static HostBody values(View streams, View u, View dy, View dz, View work, int tokens, int heads, int size, int workOfState) {
        StatePiece p = new StatePiece(heads, size);
        int chunks = StateScan.slots(tokens) - 1;
        return (from, to, at, scratch) -> {
            float[] m = scratch.floats(p.floats);
            int[] begins = new int[StatePiece.TOKENS];
            p.clear(m);
            MemorySegment stream = streams.segment();
            MemorySegment out = work.segment();
            for (int state = from; state < to; state++) {
                int f0 = at[4] + state * workOfState;
                Arrays.fill(m, p.gradient, p.gradient + p.n * p.n, 0f);
                for (int chunk = chunks - 1; chunk >= 0; chunk--) {
                    Chunk c = Chunk.of(state, chunk, tokens, heads);
                    p.storeTurned(m, p.gradient, out, f0 + (2 * tokens + chunk * size) * size);
                    int end = c.length();
                    for (int piece = pieces(p, m, stream, at[0] + c.token() * 6 * size, c.length(), heads, size, begins) - 1; piece >= 0; piece--) {
                        int q = begins[piece];
                        int token = c.token() + q * heads;
                        int s0 = at[0] + token * 6 * size;
                        int length = p.load(m, stream, s0, end - q, true);
                        p.tokens(m, dz.segment(), at[3] + token * size, length, p.row(p.outer, StatePiece.Z));
                        p.tokens(m, dy.segment(), at[2] + token * size, length, p.row(p.d, StatePiece.R));
                        p.tokens(m, u.segment(), at[1] + token * size, length, p.row(p.d, StatePiece.Z));
                        valuesPiece(p, m, length);
                        int f = f0 + (c.begin() + q) * size;
                        p.storeLines(m, p.second, out, f, length);
                        p.storeLines(m, p.first, out, f + tokens * size, length);
                        end = q;
                    }
                }
            }
        };
    }

    /** Where the pieces of a chunk begin, and how many there are. */
    private static int pieces(StatePiece p, float[] m, MemorySegment streams, int element, int tokens, int heads, int size, int[] begins) {
        int count = 0;
        for (int q = 0; q < tokens;) {
            begins[count++] = q;
            q += p.length(m, streams, element + q * heads * 6 * size, tokens - q);
        }
        return count;
    }

    /** dv into first, f into second and, negative, into d; Gᵀ one piece back. */
    private static void valuesPiece(StatePiece p, float[] m, int length) {
        p.scale(m, p.row(p.outer, StatePiece.R), StatePiece.R, length);
        p.scale(m, p.row(p.outer, StatePiece.Z), StatePiece.Z, length);
        p.scale(m, p.row(p.outer, StatePiece.KAPPA), StatePiece.KAPPA, length);
        p.turn(m, p.kb);
        p.triangle(m, p.inner, StatePiece.R);
        p.triangle(m, p.inner, StatePiece.Z);
        p.triangle(m, p.inner, StatePiece.KAPPA);
        p.multiply(m, p.kb, StatePiece.TOKENS, p.gradient, p.first);
        p.multiply(m, p.row(p.kb, StatePiece.TOKENS), StatePiece.TOKENS, p.gradient, p.second);
        p.multiplyTriangleTurned(m, 0, StatePiece.TOKENS, StatePiece.R, 2, p.d, p.first);
        p.multiplyTriangleTurned(m, StatePiece.TOKENS, StatePiece.TOKENS, StatePiece.R, 2, p.d, p.second);
        returned(p, m, length);
        p.multiplyTriangleTurned(m, 0, StatePiece.TOKENS, StatePiece.KAPPA, 1, p.d, p.first);
        p.decayLines(m, p.gradient, length);
        p.addOuter(m, p.outer, p.d, 3 * StatePiece.TOKENS, p.gradient);
    }

    /** f_t = what b_t reads of G_L, of dy and u from t on, and of f behind t, one token after the other. */
    private static void returned(StatePiece p, float[] m, int length) {
        int line = 2 * StatePiece.TOKENS;
        for (int t = length - 1; t >= 0; t--) {
            int a = p.triangle + StatePiece.KAPPA * line + StatePiece.TOKENS + t;
            for (int i = 0; i < p.n; i += 2 * Lanes.LENGTH) {
                FloatVector f0 = Lanes.load(m, p.row(p.second, t) + i);
                FloatVector f1 = Lanes.load(m, p.row(p.second, t) + i + Lanes.LENGTH);
                for (int s = t + 1; s < length; s++) {
                    int f = p.row(p.d, StatePiece.KAPPA + s) + i;
                    FloatVector kappa = Lanes.of(m[a + s * line]);
                    f0 = kappa.fma(Lanes.load(m, f), f0);
                    f1 = kappa.fma(Lanes.load(m, f + Lanes.LENGTH), f1);
                }
                Lanes.store(f0, m, p.row(p.second, t) + i);
                Lanes.store(f1, m, p.row(p.second, t) + i + Lanes.LENGTH);
                Lanes.store(f0.neg(), m, p.row(p.d, StatePiece.KAPPA + t) + i);
                Lanes.store(f1.neg(), m, p.row(p.d, StatePiece.KAPPA + t) + i + Lanes.LENGTH);
            }
        }
        Arrays.fill(m, p.row(p.d, StatePiece.KAPPA + length), p.row(p.d, 3 * StatePiece.TOKENS), 0f);
    }

    /** All of dstreams; items are chunks of states. */
    public static HostBody keys(View streams, View e, View checkpoints, View u, View dy, View dz, View work, View dstreams,
            int tokens, int heads, int size, int workOfState) {
        StatePiece p = new StatePiece(heads, size);
        int chunks = StateScan.slots(tokens) - 1;
        int square = p.n * p.n;
        return (from, to, at, scratch) -> {
            // The states before the second and later pieces of a chunk.
            float[] m = scratch.floats(p.floats + StatePiece.TOKENS * square);
            int[] begins = new int[StatePiece.TOKENS];
            p.clear(m);
            MemorySegment stream = streams.segment();
            MemorySegment found = work.segment();
            for (int n = from; n < to; n++) {
                Chunk c = Chunk.of(n / chunks, n % chunks, tokens, heads);
                int f0 = at[6] + c.state() * workOfState;
                p.loadMatrix(found, f0 + (2 * tokens + n % chunks * size) * size, m, p.gradient);
                p.loadMatrix(checkpoints.segment(), at[2] + c.slot() * size * size, m, p.state);
                int count = pieces(p, m, stream, at[0] + c.token() * 6 * size, c.length(), heads, size, begins);
                for (int piece = 0; piece < count - 1; piece++) {
                    System.arraycopy(m, p.state, m, p.floats + piece * square, square);
                    int token = c.token() + begins[piece] * heads;
                    int length = p.load(m, stream, at[0] + token * 6 * size, begins[piece + 1] - begins[piece], false);
                    loadRemoved(p, m, e.segment(), at[1] + token * size, length);
                    p.decayColumns(m, p.state, length);
                    p.addOuter(m, p.ve, p.kb, 2 * StatePiece.TOKENS, p.state);
                }
                int end = c.length();
                for (int piece = count - 1; piece >= 0; piece--) {
                    int q = begins[piece];
                    int token = c.token() + q * heads;
                    int s0 = at[0] + token * 6 * size;
                    int f = f0 + (c.begin() + q) * size;
                    int length = p.load(m, stream, s0, end - q, true);
                    loadRemoved(p, m, e.segment(), at[1] + token * size, length);
                    p.tokens(m, dz.segment(), at[5] + token * size, length, p.row(p.outer, StatePiece.Z));
                    p.tokens(m, dy.segment(), at[4] + token * size, length, p.row(p.d, StatePiece.R));
                    p.tokens(m, u.segment(), at[3] + token * size, length, p.row(p.d, StatePiece.Z));
                    p.lines(m, found, f, length, p.row(p.d, StatePiece.KAPPA));
                    p.negate(m, p.row(p.d, StatePiece.KAPPA), length);
                    if (piece < count - 1) {
                        System.arraycopy(m, p.floats + piece * square, m, p.state, square);
                    }
                    keysPiece(p, m, length);
                    int d0 = at[7] + token * 6 * size;
                    p.storeVector(m, p.across, dstreams.segment(), d0, 0, length);
                    p.storeVector(m, p.row(p.first, StatePiece.KAPPA), dstreams.segment(), d0, 1, length);
                    p.storeVector(m, p.row(p.second, StatePiece.TOKENS), dstreams.segment(), d0, 2, length);
                    p.storeVector(m, p.row(p.second, 0), dstreams.segment(), d0, 3, length);
                    p.lines(m, found, f + tokens * size, length, p.ve);
                    p.storeVector(m, p.ve, dstreams.segment(), d0, 4, length);
                    p.storeVector(m, p.row(p.first, StatePiece.R), dstreams.segment(), d0, 5, length);
                    if (piece > 0) {
                        p.decayColumns(m, p.gradient, length);
                        p.addOuter(m, p.d, p.outer, 3 * StatePiece.TOKENS, p.gradient);
                    }
                    end = q;
                }
            }
        };
    }

    private static void loadRemoved(StatePiece p, float[] m, MemorySegment e, int element, int length) {
        p.tokens(m, e, element, length, p.row(p.ve, StatePiece.TOKENS));
        p.negate(m, p.row(p.ve, StatePiece.TOKENS), length);
    }

    /** dr, z and dκ̂ into first, dk̂ and db into second, dw into across. */
    private static void keysPiece(StatePiece p, float[] m, int length) {
        int tokens = StatePiece.TOKENS;
        p.scale(m, p.row(p.outer, StatePiece.R), StatePiece.R, length);
        p.scale(m, p.row(p.outer, StatePiece.Z), StatePiece.Z, length);
        p.scale(m, p.row(p.outer, StatePiece.KAPPA), StatePiece.KAPPA, length);
        p.turn(m, p.ve);
        p.triangle(m, p.d, StatePiece.R);
        p.triangle(m, p.d, StatePiece.Z);
        p.triangle(m, p.d, StatePiece.KAPPA);
        p.multiply(m, p.d, 3 * tokens, p.state, p.first);
        firstDecay(p, m, length);
        p.multiplyTriangle(m, StatePiece.R, 3, p.kb, p.second, false);
        p.combine(m, p.row(p.first, StatePiece.R), p.row(p.through, 1), p.row(p.second, StatePiece.R), p.row(p.inverse, 1), length);
        p.combine(m, p.row(p.first, StatePiece.Z), p.row(p.through, 1), p.row(p.second, StatePiece.Z), p.row(p.inverse, 1), length);
        p.combine(m, p.row(p.first, StatePiece.KAPPA), p.row(p.through, 0), p.row(p.second, StatePiece.KAPPA), p.row(p.inverse, 0), length);
        p.multiply(m, p.ve, 2 * tokens, p.gradient, p.second);
        p.multiplyTriangleTurned(m, 0, 2 * tokens, StatePiece.R, 3, p.inner, p.second);
        decays(p, m, length);
        p.times(m, p.row(p.second, 0), p.rest, p.row(p.second, 0), length);
        p.times(m, p.row(p.second, tokens), p.rest, p.row(p.second, tokens), length);
    }

    /** What G_1 ⊙ S_0 sums up to over values, but for the decays R_1, behind the rows of dw. */
    private static void firstDecay(StatePiece p, float[] m, int length) {
        for (int j = 0; j < p.n; j += Lanes.LENGTH) {
            FloatVector sum = Lanes.of(0f);
            for (int i = j; i < p.n * p.n; i += p.n) {
                sum = Lanes.load(m, p.gradient + i).fma(Lanes.load(m, p.state + i), sum);
            }
            for (int i = j; i < 3 * StatePiece.TOKENS * p.n; i += p.n) {
                sum = Lanes.load(m, p.inner + i).fma(Lanes.load(m, p.first + i), sum);
            }
            Lanes.store(sum, m, p.row(p.across, StatePiece.TOKENS) + j);
        }
    }

    /**
     * dw without a sum over values: w_t ⊙ dw_t is what G_t ⊙ S_(t−1) sums up to after the decay, and from one token to the next
     *
     * <pre>
     *   w_(t+1) ⊙ dw_(t+1) = w_t ⊙ dw_t + k̂_t ⊙ dk̂_t + b_t ⊙ db_t − r_t ⊙ dr_t − dz_t ⊙ z_t − κ̂_(t+1) ⊙ dκ̂_(t+1)
     * </pre>
     */
    private static void decays(StatePiece p, float[] m, int length) {
        for (int j = 0; j < p.n; j += Lanes.LENGTH) {
            FloatVector dw = Lanes.load(m, p.row(p.across, StatePiece.TOKENS) + j).mul(Lanes.load(m, p.rest + j));
            FloatVector x = dw.mul(Lanes.load(m, p.decays + j));
            Lanes.store(dw, m, p.across + j);
            for (int t = 0; t + 1 < length; t++) {
                int i = t * p.n + j;
                int r = StatePiece.R * p.n + i;
                int z = StatePiece.Z * p.n + i;
                int kappa = (StatePiece.KAPPA + 1) * p.n + i;
                int b = StatePiece.TOKENS * p.n + i;
                FloatVector less = Lanes.load(m, p.inner + r).mul(Lanes.load(m, p.first + r));
                less = Lanes.load(m, p.inner + z).fma(Lanes.load(m, p.first + z), less);
                less = Lanes.load(m, p.inner + kappa).fma(Lanes.load(m, p.first + kappa), less);
                x = Lanes.load(m, p.kb + i).fma(Lanes.load(m, p.second + i), x);
                x = Lanes.load(m, p.kb + b).fma(Lanes.load(m, p.second + b), x);
                x = x.sub(less.mul(Lanes.load(m, p.rest + i)));
                Lanes.store(x.div(Lanes.load(m, p.decays + p.n + i)), m, p.across + p.n + i);
            }
        }
    }
}
