package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.HostForm;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * A piece of at most 16 tokens of one state as small matrices. With the products of decays W_t = w_1 ⊙ … ⊙ w_t, and G_L what flows back
 * into the state behind the last of L tokens,
 *
 * <pre>
 *   S_t = (S_0 + Σ_(s≤t) v_s (k̂_s / W_s)ᵀ − e_s (b_s / W_s)ᵀ) diag(W_t)
 *   G_t = (G_L diag(W_L) + Σ_(s≥t) dy_s (W_s r_s)ᵀ + u_s (W_s dz_s)ᵀ − Σ_(s>t) f_s (W_(s−1) κ̂_s)ᵀ) diag(1 / W_t)
 * </pre>
 *
 * <p>So whatever is read of S_t or G_t is a product with S_0 or G_L, and one with a triangle of tokens against tokens; and S_L and G_0 are one
 * product with all tokens. Nothing that is read of a token depends on one behind it. The rows are those of {@link PieceMemory}, and
 *
 * <pre>
 *   triangle [48, 32] = reads · kbᵀ or d · veᵀ, what of tokens s (columns) token t (rows) sees: s ≤ t, or s &lt; t in the last 16 rows;
 *                       both halves of the columns alike
 * </pre>
 *
 * <p>A piece goes on as long as the decays of its second and later tokens are gentle, between 1/2 and 2, so that no quotient leaves the range
 * of a float. Decays of {@link dev.wuneng.kernels.op.StateStreams} are above 0.545 or, where a segment begins, zero. Where the first token's decay is not gentle
 * it counts as 1 in W, and is applied to S_0 {@linkplain #apart apart}. Source of the form: flash-linear-attention's chunked delta rule,
 * arXiv 2406.06484.
 */
final class StatePiece extends PieceMemory {
    private static final FloatVector LANE = Lanes.of(0f).addIndex(1);

    StatePiece(int heads, int size) {
        super(heads, size);
    }

    /** The form of a body made of pieces, null where a head does not fit the products. */
    static HostForm form(int size, int items, HostBody body) {
        return size % SmallProduct.COLUMNS == 0 ? new HostForm(items, body) : null;
    }

    /** {@code a = a ⊙ b}, some rows. */
    void times(float[] m, int a, int b, int rows) {
        for (int i = 0; i < rows * n; i += Lanes.LENGTH) {
            Lanes.store(Lanes.load(m, a + i).mul(Lanes.load(m, b + i)), m, a + i);
        }
    }

    /** Transposes kb or ve into place for {@link #triangle}. */
    void turn(float[] m, int rows) {
        Transposition.run(m, rows, n, PAIR, n, across, PAIR, scratch);
    }

    /** Rows {@code part} of the triangle from those of reads or d. */
    void triangle(float[] m, int rows, int part) {
        int to = triangle + part * PAIR;
        int seen = part == KAPPA ? 0 : 1;
        if (Triangle.SUITS) {
            Triangle.run(m, row(rows, part), n, across, to, n, seen);
            return;
        }
        SmallProduct.run(m, row(rows, part), n, 1, across, PAIR, zeros, 0, to, PAIR, TOKENS, PAIR, n, 1, n);
        for (int t = 0; t < TOKENS; t++) {
            for (int c = 0; c < TOKENS; c += Lanes.LENGTH) {
                hide(m, to + t * PAIR + c, seen + t - c);
                hide(m, to + t * PAIR + TOKENS + c, seen + t - c);
            }
        }
    }

    private static void hide(float[] m, int at, int seen) {
        FloatVector.fromArray(Lanes.SPECIES, m, at).blend(0f, LANE.compare(VectorOperators.GE, seen)).intoArray(m, at);
    }

    /** {@code to = rows · matrix} where matrix is [n, n]. */
    void multiply(float[] m, int rows, int count, int matrix, int to) {
        SmallProduct.run(m, rows, n, 1, matrix, n, zeros, 0, to, n, count, n, n, 1, n);
    }

    /** {@code to += triangle rows · all}, where all is kb or ve. Four tokens see nothing behind the last of them, and what is zero there is left out. */
    void addTriangle(float[] m, int part, int parts, int all, int to) {
        for (int t = 0; t < parts * TOKENS; t += SmallProduct.ROWS) {
            int seen = t % TOKENS + SmallProduct.ROWS;
            SmallProduct.run(m, triangle + (part + t) * PAIR, PAIR, 1, all, n, row(to, t), n, row(to, t), n, SmallProduct.ROWS, n, seen, 2, TOKENS);
        }
    }

    /** {@code to += columns of the triangleᵀ · rows}, over the first {@code parts} of them. Nothing before the first of four tokens has seen them. */
    void addTriangleTurned(float[] m, int column, int columns, int parts, int rows, int to) {
        for (int s = 0; s < columns; s += SmallProduct.ROWS) {
            int first = s % TOKENS;
            int seen = triangle + first * PAIR + column + s;
            SmallProduct.run(m, seen, 1, PAIR, row(rows, first), n, row(to, s), n, row(to, s), n, SmallProduct.ROWS, n, TOKENS - first, parts, TOKENS);
        }
    }

    /** {@code matrix += aᵀ b} over tokens, [n, n]. */
    void addOuter(float[] m, int a, int b, int count, int matrix) {
        SmallProduct.run(m, a, 1, n, b, n, matrix, n, matrix, n, n, n, count, 1, count);
    }

    /** Multiplies a matrix with diag(factors) from the left. */
    void scaleLines(float[] m, int matrix, int factors) {
        for (int j = 0; j < n; j++) {
            FloatVector factor = Lanes.of(m[factors + j]);
            for (int i = row(matrix, j); i < row(matrix, j + 1); i += Lanes.LENGTH) {
                Lanes.store(Lanes.load(m, i).mul(factor), m, i);
            }
        }
    }

    /** Multiplies some rows with diag(factors) from the right. */
    void scaleColumns(float[] m, int rows, int count, int factors) {
        for (int i = 0; i < count; i++) {
            times(m, row(rows, i), factors, 1);
        }
    }

    /**
     * e_t, in place, from what κ̂_t reads of S_0: the same of the tokens before it. Four tokens at once take what comes from those before
     * them, and then from each other. −e_t goes into ve.
     */
    void removed(float[] m, int e, int length) {
        rest(m, row(ve, TOKENS), length);
        for (int t = 0; t < length; t += SmallProduct.ROWS) {
            int seen = triangle + (KAPPA + t) * PAIR;
            SmallProduct.run(m, seen, PAIR, 1, ve, n, row(e, t), n, row(e, t), n, SmallProduct.ROWS, n, TOKENS + t, 1, PAIR);
            substitute(m, seen + TOKENS + t, PAIR, 1, row(e, t), n, row(ve, TOKENS + t));
        }
    }

    /** f_t, in place, from what b_t reads of G_L and of dy and u: the same of f behind it, the last four tokens first. −f_t goes into d. */
    void returned(float[] m, int f, int length) {
        rest(m, row(d, KAPPA), length);
        for (int t = (length - 1) / SmallProduct.ROWS * SmallProduct.ROWS; t >= 0; t -= SmallProduct.ROWS) {
            int behind = t + SmallProduct.ROWS;
            int seen = triangle + KAPPA * PAIR + TOKENS;
            SmallProduct.run(m, seen + behind * PAIR + t, 1, PAIR, row(d, KAPPA + behind), n, row(f, t), n, row(f, t), n, SmallProduct.ROWS, n, TOKENS - behind, 1, TOKENS);
            int last = behind - 1;
            substitute(m, seen + last * PAIR + last, -1, -PAIR, row(f, last), -n, row(d, KAPPA + last));
        }
    }

    /**
     * Four rows x_q, {@code step} apart, become x_q − Σ_(p&lt;q) a_qp x_p, and negative these too.
     *
     * @param a a_qp is at {@code a + q · line + p · next}
     */
    private void substitute(float[] m, int a, int line, int next, int x, int step, int negative) {
        FloatVector a10 = Lanes.of(m[a + line]);
        FloatVector a20 = Lanes.of(m[a + 2 * line]);
        FloatVector a21 = Lanes.of(m[a + 2 * line + next]);
        FloatVector a30 = Lanes.of(m[a + 3 * line]);
        FloatVector a31 = Lanes.of(m[a + 3 * line + next]);
        FloatVector a32 = Lanes.of(m[a + 3 * line + 2 * next]);
        for (int j = 0; j < n; j += Lanes.LENGTH) {
            FloatVector n0 = Lanes.load(m, x + j).neg();
            FloatVector x1 = a10.fma(n0, Lanes.load(m, x + step + j));
            FloatVector n1 = x1.neg();
            FloatVector x2 = a21.fma(n1, a20.fma(n0, Lanes.load(m, x + 2 * step + j)));
            FloatVector n2 = x2.neg();
            FloatVector x3 = a32.fma(n2, a31.fma(n1, a30.fma(n0, Lanes.load(m, x + 3 * step + j))));
            Lanes.store(x1, m, x + step + j);
            Lanes.store(x2, m, x + 2 * step + j);
            Lanes.store(x3, m, x + 3 * step + j);
            Lanes.store(n0, m, negative + j);
            Lanes.store(n1, m, negative + step + j);
            Lanes.store(n2, m, negative + 2 * step + j);
            Lanes.store(x3.neg(), m, negative + 3 * step + j);
        }
    }
}
