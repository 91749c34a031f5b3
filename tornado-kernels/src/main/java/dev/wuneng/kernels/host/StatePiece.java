package dev.wuneng.kernels.host;

import dev.wuneng.kernels.op.StateScan;
import dev.wuneng.kernels.run.Buffer.Type;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * A piece of at most {@link #TOKENS} tokens of one state as small matrices. With L tokens, the products of decays
 *
 * <pre>
 *   W_t = w_1 ⊙ … ⊙ w_t      R_t = w_(t+1) ⊙ … ⊙ w_L
 *
 *   S_t = S_0 diag(W_t) + (Σ_(s≤t) v_s (R_s k̂_s)ᵀ − e_s (R_s b_s)ᵀ) diag(1 / R_t)
 *   G_t = (G_L + Σ_(s≥t) dy_s (r_s / R_s)ᵀ + u_s (dz_s / R_s)ᵀ − Σ_(s>t) f_s (κ̂_s / R_(s−1))ᵀ) diag(R_t)
 * </pre>
 *
 * <p>with G_L what flows back into S_L. So whatever is read of S_t or G_t is a product with S_0 or G_L, and one with a triangle of
 * tokens against tokens; and S_L and G_0 are one product with all tokens. Tokens are rows of {@link #n} numbers, a head's and zeros up to whole vectors:
 *
 * <pre>
 *            outer          inner                            d          kb               ve
 *      0     W_t ⊙ r_t      r_t / R_t             0  (r)     dy     0   R_t ⊙ k̂_t   0   v_t
 *     16     W_t ⊙ dz_t     dz_t / R_t            16 (z)     u      16  R_t ⊙ b_t   16  −e_t
 *     32     W_(t−1) ⊙ κ̂_t  κ̂_t / R_(t−1), t > 1  32 (κ)     −f
 *
 *   triangle = inner · kbᵀ  [48, 32], what of tokens s (columns) token t (rows) sees: s ≤ t, or s &lt; t for κ̂; both halves of the columns alike
 * </pre>
 *
 * <p>A piece goes on as long as the decays of its second and later tokens are gentle, between 1/2 and 2, so that no quotient leaves the range
 * of a float: quotients are of products of at most 15 of them. Decays of {@link dev.wuneng.kernels.op.StateStreams} are above 0.545 or, where a segment begins,
 * zero. Source of the form: flash-linear-attention's chunked delta rule, arXiv 2406.06484.
 */
final class StatePiece {
    static final int TOKENS = StateScan.CHUNK;
    private static final int PAIR = 2 * TOKENS;
    /** Rows of outer, inner, d and the triangle. */
    static final int R = 0;
    static final int Z = TOKENS;
    static final int KAPPA = PAIR;
    private static final FloatVector LANE = Lanes.of(0f).addIndex(1);

    private final int size;
    private final int heads;
    private final PaddedRows padded;
    /** A head's numbers and zeros. */
    final int n;
    /** w. */
    final int decays;
    /** W, from row 1 on; row 0 is 1. */
    final int through;
    /** 1 / R, from row 1 on; row 0 is 0. */
    final int inverse;
    /** R. */
    final int rest;
    final int outer;
    final int inner;
    final int d;
    final int kb;
    final int ve;
    final int triangle;
    /** Whichever of kb and ve was last transposed, [n, 32]. */
    final int across;
    /** Two times 48 rows for whatever is computed. */
    final int first;
    final int second;
    /** Three times [n, n]: the state, its gradient, and memory to transpose in. */
    final int state;
    final int gradient;
    final int turned;
    private final int zeros;
    private final int scratch;
    /** Floats of thread memory. */
    final int floats;

    StatePiece(int heads, int size) {
        this.heads = heads;
        this.size = size;
        n = (size + SmallProduct.COLUMNS - 1) / SmallProduct.COLUMNS * SmallProduct.COLUMNS;
        padded = new PaddedRows(size, n);
        int rows = TOKENS * n;
        decays = 0;
        through = decays + rows;
        inverse = through + rows + n;
        rest = inverse + rows + n;
        outer = rest + rows;
        inner = outer + 3 * rows;
        d = inner + 3 * rows;
        kb = d + 3 * rows;
        ve = kb + 2 * rows;
        triangle = ve + 2 * rows;
        across = triangle + 3 * TOKENS * PAIR;
        first = across + n * PAIR;
        second = first + 3 * rows;
        state = second + 3 * rows;
        gradient = state + n * n;
        turned = gradient + n * n;
        zeros = turned + n * n;
        scratch = zeros + Math.max(n, PAIR);
        floats = scratch + Transposition.SCRATCH;
    }

    int row(int part, int row) {
        return part + row * n;
    }

    /** Leaves no stranger's numbers where a head's do not reach. */
    void clear(float[] m) {
        Arrays.fill(m, 0, floats, 0f);
        Arrays.fill(m, decays, decays + TOKENS * n, 1f);
    }

    /**
     * Loads what changes the state, and the products of decays.
     *
     * @param element of the first token's w
     * @param most tokens up to the end of the chunk
     * @param reads whether κ̂ and r are needed, raw in outer
     * @return the tokens of the piece
     */
    int load(float[] m, MemorySegment streams, int element, int most, boolean reads) {
        int length = length(m, streams, element, most);
        loadRecords(m, streams, element, length, reads);
        decayProducts(m, length);
        times(m, row(kb, 0), rest, row(kb, 0), length);
        times(m, row(kb, TOKENS), rest, row(kb, TOKENS), length);
        return length;
    }

    /** The tokens of the piece, which {@link #load} gives too. */
    int length(float[] m, MemorySegment streams, int element, int most) {
        padded.load(streams, element, 6 * heads * size, m, decays, most, 1f);
        int length = 1;
        while (length < most && gentle(m, decays + length * n)) {
            length++;
        }
        return length;
    }

    /** Token by token, as they lie in memory. */
    private void loadRecords(float[] m, MemorySegment streams, int element, int length, boolean reads) {
        for (int t = 0; t < length; t++) {
            int from = element + t * 6 * heads * size;
            if (reads) {
                loadRow(streams, from + size, m, row(outer, KAPPA + t));
            }
            loadRow(streams, from + 2 * size, m, row(kb, TOKENS + t));
            loadRow(streams, from + 3 * size, m, row(kb, t));
            loadRow(streams, from + 4 * size, m, row(ve, t));
            if (reads) {
                loadRow(streams, from + 5 * size, m, row(outer, R + t));
            }
        }
        if (length < TOKENS) {
            rest(m, row(kb, 0), length);
            rest(m, row(kb, TOKENS), length);
            rest(m, ve, length);
        }
    }

    private void loadRow(MemorySegment from, int element, float[] m, int to) {
        padded.load(from, element, 0, m, to, 1, 0f);
    }

    /** Zeros behind the last token. */
    private void rest(float[] m, int rows, int length) {
        Arrays.fill(m, rows + length * n, rows + TOKENS * n, 0f);
    }

    /** Loads rows of a tensor [rows, heads · size], 0 behind the last of the piece. */
    void tokens(float[] m, MemorySegment from, int element, int length, int to) {
        tokens(m, from, element, heads * size, length, to);
    }

    private void tokens(float[] m, MemorySegment from, int element, int step, int length, int to) {
        padded.load(from, element, step, m, to, length, 0f);
        if (length < TOKENS) {
            rest(m, to, length);
        }
    }

    /** Loads rows that follow each other without a gap. */
    void lines(float[] m, MemorySegment from, int element, int length, int to) {
        tokens(m, from, element, size, length, to);
    }

    void storeLines(float[] m, int from, MemorySegment to, int element, int length) {
        padded.store(m, from, to, element, size, length);
    }

    void storeTokens(float[] m, int from, MemorySegment to, int element, int length) {
        padded.store(m, from, to, element, heads * size, length);
    }

    void storeVector(float[] m, int from, MemorySegment dstreams, int element, int vector, int length) {
        padded.store(m, from, dstreams, element + vector * size, 6 * heads * size, length);
    }

    /** Rows of outer and inner from rows of r, κ̂ or dz, which are lost where they stand in outer. */
    void scale(float[] m, int from, int part, int length) {
        int shift = part == KAPPA ? 0 : n;
        times(m, from, inverse + shift, row(inner, part), length);
        times(m, from, through + shift, row(outer, part), length);
        if (length < TOKENS) {
            rest(m, row(inner, part), length);
            rest(m, row(outer, part), length);
        }
    }

    /** Rows {@code part} of the triangle from {@code rows · acrossᵀ}, which must have been transposed into place. */
    void triangle(float[] m, int rows, int part) {
        int to = triangle + part * PAIR;
        SmallProduct.run(m, row(rows, part), n, 1, across, PAIR, zeros, 0, to, PAIR, TOKENS, PAIR, n);
        for (int t = 0; t < TOKENS; t++) {
            int seen = part == KAPPA ? t : t + 1;
            for (int c = 0; c < TOKENS; c += Lanes.LENGTH) {
                int at = to + t * PAIR + c;
                hide(m, at, seen - c);
                hide(m, at + TOKENS, seen - c);
            }
        }
    }

    private static void hide(float[] m, int at, int seen) {
        FloatVector all = Lanes.load(m, at);
        Lanes.store(all.blend(0f, LANE.compare(VectorOperators.GE, seen)), m, at);
    }

    /** Transposes kb or ve into {@link #across}. */
    void turn(float[] m, int rows) {
        Transposition.run(m, rows, n, PAIR, n, across, PAIR, scratch);
    }

    /** {@code to = rows · matrix} where matrix is [n, n]. */
    void multiply(float[] m, int rows, int count, int matrix, int to) {
        SmallProduct.run(m, rows, n, 1, matrix, n, zeros, 0, to, n, count, n, n);
    }

    /** {@code to (+)= triangle rows · all}, where all is kb or ve. */
    void multiplyTriangle(float[] m, int part, int parts, int all, int to, boolean add) {
        SmallProduct.run(m, triangle + part * PAIR, PAIR, 1, all, n, add ? to : zeros, add ? n : 0, to, n, parts * TOKENS, n, PAIR);
    }

    /** {@code to += columns of the triangleᵀ · rows}, from {@code part} on. */
    void multiplyTriangleTurned(float[] m, int column, int columns, int part, int parts, int rows, int to) {
        SmallProduct.run(m, triangle + part * PAIR + column, 1, PAIR, row(rows, part), n, to, n, to, n, columns, n, parts * TOKENS);
    }

    /** {@code matrix += aᵀ b} over tokens, [n, n]. */
    void addOuter(float[] m, int a, int b, int count, int matrix) {
        SmallProduct.run(m, a, 1, n, b, n, matrix, n, matrix, n, n, n, count);
    }

    /** Multiplies a matrix with diag(W_L) from the left, the lines being keys. */
    void decayLines(float[] m, int matrix, int length) {
        for (int j = 0; j < n; j++) {
            FloatVector w = Lanes.of(m[row(through, length) + j]);
            for (int i = matrix + j * n; i < matrix + (j + 1) * n; i += Lanes.LENGTH) {
                Lanes.store(Lanes.load(m, i).mul(w), m, i);
            }
        }
    }

    /** Multiplies a matrix with diag(W_L) from the right. */
    void decayColumns(float[] m, int matrix, int length) {
        for (int i = 0; i < n; i++) {
            times(m, matrix + i * n, row(through, length), matrix + i * n, 1);
        }
    }

    /** Loads a matrix [size, size], and gives it transposed. */
    void loadTurned(MemorySegment from, int element, float[] m, int to) {
        Transposition.run(from, Type.F32, element, size, size, size, m, to, n, scratch);
    }

    void loadMatrix(MemorySegment from, int element, float[] m, int to) {
        if (size == n) {
            Lanes.read(from, element, m, to, n * n, 0f);
        } else {
            padded.load(from, element, size, m, to, size, 0f);
        }
    }

    void storeMatrix(float[] m, int from, MemorySegment to, int element) {
        if (size == n) {
            Lanes.write(m, from, to, element, n * n);
        } else {
            padded.store(m, from, to, element, size, size);
        }
    }

    /** Stores a matrix transposed. */
    void storeTurned(float[] m, int from, MemorySegment to, int element) {
        Transposition.run(m, from, n, n, n, turned, n, scratch);
        storeMatrix(m, turned, to, element);
    }

    /** {@code to = a ⊙ b}, some rows. */
    void times(float[] m, int a, int b, int to, int rows) {
        for (int i = 0; i < rows * n; i += Lanes.LENGTH) {
            Lanes.store(Lanes.load(m, a + i).mul(Lanes.load(m, b + i)), m, to + i);
        }
    }

    /** {@code a = a ⊙ b + c ⊙ d}, some rows. */
    void combine(float[] m, int a, int b, int c, int d, int rows) {
        for (int i = 0; i < rows * n; i += Lanes.LENGTH) {
            Lanes.store(Lanes.load(m, a + i).fma(Lanes.load(m, b + i), Lanes.load(m, c + i).mul(Lanes.load(m, d + i))), m, a + i);
        }
    }

    void negate(float[] m, int at, int rows) {
        for (int i = 0; i < rows * n; i += Lanes.LENGTH) {
            Lanes.store(Lanes.load(m, at + i).neg(), m, at + i);
        }
    }

    private boolean gentle(float[] m, int w) {
        FloatVector least = Lanes.of(1f);
        FloatVector most = Lanes.of(1f);
        for (int j = 0; j < n; j += Lanes.LENGTH) {
            least = least.min(Lanes.load(m, w + j));
            most = most.max(Lanes.load(m, w + j));
        }
        return !least.compare(VectorOperators.LT, 0.5f).or(most.compare(VectorOperators.GT, 2f)).anyTrue();
    }

    private void decayProducts(float[] m, int length) {
        for (int j = 0; j < n; j += Lanes.LENGTH) {
            FloatVector product = Lanes.of(1f);
            Lanes.store(product, m, through + j);
            for (int t = 0; t < length; t++) {
                product = product.mul(Lanes.load(m, decays + t * n + j));
                Lanes.store(product, m, through + (t + 1) * n + j);
            }
        }
        for (int j = 0; j < n; j += Lanes.LENGTH) {
            FloatVector product = Lanes.of(1f);
            for (int t = length - 1; t >= 0; t--) {
                Lanes.store(product, m, rest + t * n + j);
                Lanes.store(Lanes.of(1f).div(product), m, inverse + (t + 1) * n + j);
                product = product.mul(Lanes.load(m, decays + t * n + j));
            }
        }
    }
}
