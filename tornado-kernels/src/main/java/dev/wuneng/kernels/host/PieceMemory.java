package dev.wuneng.kernels.host;

import dev.wuneng.kernels.op.StateScan;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Where the rows and matrices of a {@link StatePiece} stand in thread memory, and how they come there and leave. Tokens are rows of {@link #n} numbers:
 *
 * <pre>
 *            reads                   d          kb               ve
 *      0     W_t ⊙ r_t         0     dy   0     k̂_t / W_t   0    v_t
 *     16     W_t ⊙ dz_t        16    u    16    b_t / W_t   16   −e_t
 *     32     W_(t−1) ⊙ κ̂_t     32    −f
 * </pre>
 *
 * <p>Rows behind the last token of a piece are zero.
 */
class PieceMemory {
    static final int TOKENS = StateScan.CHUNK;
    static final int PAIR = 2 * TOKENS;
    /** Rows of reads, d and the triangle. */
    static final int R = 0;
    static final int Z = TOKENS;
    static final int KAPPA = PAIR;
    /** The least and the greatest decay that is gentle, as bits, which are in the order of their numbers. */
    private static final int LEAST = Float.floatToRawIntBits(0.5f);
    private static final int MOST = Float.floatToRawIntBits(2f);

    /** A head's size. */
    final int n;
    final int heads;
    /** w. */
    final int decays;
    /** W_0, which is 1, to W_L. */
    final int through;
    /** 1 / W_1 in row 1, to 1 / W_L. */
    final int inverse;
    final int reads;
    final int d;
    final int kb;
    final int ve;
    final int triangle;
    /** Whichever of kb and ve was last transposed, [n, 32]. */
    final int across;
    /** Two times 48 rows, and one, for whatever is computed. */
    final int first;
    final int second;
    final int spare;
    final int dv;
    /** Two times [n, n]: a state, and memory to transpose in. */
    final int state;
    final int turned;
    final int zeros;
    /** Room for a number that nobody reads. */
    final int unused;
    final int scratch;
    /** Floats of thread memory. */
    final int floats;

    PieceMemory(int heads, int size) {
        this.heads = heads;
        n = size;
        int rows = TOKENS * n;
        decays = 0;
        through = decays + rows;
        inverse = through + rows + n;
        reads = inverse + rows + n;
        d = reads + 3 * rows;
        kb = d + 3 * rows;
        ve = kb + 2 * rows;
        triangle = ve + 2 * rows;
        across = triangle + 3 * TOKENS * PAIR;
        first = across + n * PAIR;
        second = first + 3 * rows;
        spare = second + 3 * rows;
        dv = spare + n;
        state = dv + rows;
        turned = state + n * n;
        zeros = turned + n * n;
        unused = zeros + Math.max(n, PAIR);
        scratch = unused + 1;
        floats = scratch + Transposition.SCRATCH;
    }

    int row(int part, int row) {
        return part + row * n;
    }

    /** Makes memory ready in which others may have left anything. */
    void clear(float[] m) {
        Arrays.fill(m, 0, floats, 0f);
    }

    /**
     * Loads what changes the state, and the products of decays.
     *
     * @param element of the first token's w
     * @param most tokens up to the end of the chunk
     * @param all whether the rows of r and κ̂ are needed too
     * @return the tokens of the piece
     */
    int load(float[] m, MemorySegment streams, int element, int most, boolean all) {
        int length = length(m, streams, element, most);
        decayProducts(m, length);
        for (int t = 0; t < length; t++) {
            record(m, streams, element + t * 6 * heads * n, t * n, all);
        }
        if (length < TOKENS) {
            rest(m, kb, length);
            rest(m, row(kb, TOKENS), length);
            rest(m, ve, length);
            if (all) {
                rest(m, row(reads, R), length);
                rest(m, row(reads, KAPPA), length);
            }
        }
        return length;
    }

    /** One token, as it lies in memory. Too long to be inlined, for the compiler would not get to the end of so many small loops. */
    private void record(float[] m, MemorySegment streams, int element, int row, boolean all) {
        for (int j = 0; j < n; j += SmallProduct.COLUMNS) {
            int from = element + j;
            int i = row + j;
            FloatVector x0 = Lanes.load(m, inverse + n + i);
            FloatVector x1 = Lanes.load(m, inverse + n + i + Lanes.LENGTH);
            Lanes.store(Lanes.load(streams, from + 2 * n).mul(x0), m, kb + TOKENS * n + i);
            Lanes.store(Lanes.load(streams, from + 2 * n + Lanes.LENGTH).mul(x1), m, kb + TOKENS * n + i + Lanes.LENGTH);
            Lanes.store(Lanes.load(streams, from + 3 * n).mul(x0), m, kb + i);
            Lanes.store(Lanes.load(streams, from + 3 * n + Lanes.LENGTH).mul(x1), m, kb + i + Lanes.LENGTH);
            Lanes.store(Lanes.load(streams, from + 4 * n), m, ve + i);
            Lanes.store(Lanes.load(streams, from + 4 * n + Lanes.LENGTH), m, ve + i + Lanes.LENGTH);
            if (all) {
                x0 = Lanes.load(m, through + i);
                x1 = Lanes.load(m, through + i + Lanes.LENGTH);
                Lanes.store(Lanes.load(streams, from + n).mul(x0), m, reads + KAPPA * n + i);
                Lanes.store(Lanes.load(streams, from + n + Lanes.LENGTH).mul(x1), m, reads + KAPPA * n + i + Lanes.LENGTH);
                x0 = Lanes.load(m, through + n + i);
                x1 = Lanes.load(m, through + n + i + Lanes.LENGTH);
                Lanes.store(Lanes.load(streams, from + 5 * n).mul(x0), m, reads + i);
                Lanes.store(Lanes.load(streams, from + 5 * n + Lanes.LENGTH).mul(x1), m, reads + i + Lanes.LENGTH);
            }
        }
    }

    /** The tokens of the piece, which {@link #load} gives too. */
    int length(float[] m, MemorySegment streams, int element, int most) {
        copy(streams, element, 6 * heads * n, m, decays, most);
        int length = most;
        while (length > 1 && !isGentle(m, row(decays, 1), length - 1)) {
            length--;
        }
        return length;
    }

    /** Whether the first token's decay is missing in W. */
    boolean apart(float[] m) {
        return !isGentle(m, decays, 1);
    }

    /** Compares bits: the minimum of two floats, with all that it says of zeros and NaN, takes several instructions, each of which waits for the one before. */
    private boolean isGentle(float[] m, int w, int rows) {
        IntVector least = Lanes.of(1f).reinterpretAsInts();
        IntVector most = least;
        for (int j = 0; j < rows * n; j += Lanes.LENGTH) {
            IntVector x = Lanes.load(m, w + j).reinterpretAsInts();
            least = least.min(x);
            most = most.max(x);
        }
        return !least.compare(VectorOperators.LT, LEAST).or(most.compare(VectorOperators.GT, MOST)).anyTrue();
    }

    private void decayProducts(float[] m, int length) {
        int gentle = apart(m) ? 1 : 0;
        Arrays.fill(m, through, row(through, gentle + 1), 1f);
        Arrays.fill(m, row(inverse, 1), row(inverse, gentle + 1), 1f);
        for (int j = 0; j < n; j += Lanes.LENGTH) {
            FloatVector product = Lanes.of(1f);
            for (int t = gentle; t < length; t++) {
                product = product.mul(Lanes.load(m, row(decays, t) + j));
                Lanes.store(product, m, row(through, t + 1) + j);
                Lanes.store(Lanes.of(1f).div(product), m, row(inverse, t + 1) + j);
            }
        }
    }

    /** Copies rows that are {@code step} apart in a buffer. */
    private void copy(MemorySegment from, int element, int step, float[] m, int to, int rows) {
        for (int j = 0; j < n; j += SmallProduct.COLUMNS) {
            for (int t = 0; t < rows; t++) {
                int source = element + t * step + j;
                int target = to + t * n + j;
                Lanes.store(Lanes.load(from, source), m, target);
                Lanes.store(Lanes.load(from, source + Lanes.LENGTH), m, target + Lanes.LENGTH);
            }
        }
    }

    /** Copies such rows times rows of factors. */
    private void scaled(MemorySegment from, int element, int step, float[] m, int factors, int to, int rows) {
        for (int j = 0; j < n; j += SmallProduct.COLUMNS) {
            for (int t = 0; t < rows; t++) {
                int source = element + t * step + j;
                int target = t * n + j;
                Lanes.store(Lanes.load(from, source).mul(Lanes.load(m, factors + target)), m, to + target);
                Lanes.store(Lanes.load(from, source + Lanes.LENGTH).mul(Lanes.load(m, factors + target + Lanes.LENGTH)), m, to + target + Lanes.LENGTH);
            }
        }
    }

    /** Zeros behind the last token. */
    void rest(float[] m, int rows, int length) {
        Arrays.fill(m, row(rows, length), row(rows, TOKENS), 0f);
    }

    /** Loads rows of a tensor [rows, heads · size], 0 behind the last of the piece. */
    void tokens(float[] m, MemorySegment from, int element, int length, int to) {
        copy(from, element, heads * n, m, to, length);
        rest(m, to, length);
    }

    /** Rows of dz, scaled as those of reads. */
    void tokensRead(float[] m, MemorySegment dz, int element, int length) {
        scaled(dz, element, heads * n, m, row(through, 1), row(reads, Z), length);
        rest(m, row(reads, Z), length);
    }

    /** Rows of e, negative, as in ve. */
    void tokensRemoved(float[] m, MemorySegment e, int element, int length) {
        for (int t = 0; t < length; t++) {
            for (int j = 0; j < n; j += Lanes.LENGTH) {
                Lanes.store(Lanes.load(e, element + t * heads * n + j).neg(), m, row(ve, TOKENS + t) + j);
            }
        }
        rest(m, row(ve, TOKENS), length);
    }

    void storeTokens(float[] m, int from, MemorySegment to, int element, int length) {
        for (int t = 0; t < length; t++) {
            for (int j = 0; j < n; j += Lanes.LENGTH) {
                FloatVector.fromArray(Lanes.SPECIES, m, row(from, t) + j).intoMemorySegment(to, 4L * (element + t * heads * n + j), ByteOrder.nativeOrder());
            }
        }
    }

    /** Loads a matrix [n, n], and gives it transposed. */
    void loadTurned(MemorySegment from, int element, float[] m, int to) {
        loadMatrix(from, element, m, turned);
        Transposition.run(m, turned, n, n, n, to, n, scratch);
    }

    void loadMatrix(MemorySegment from, int element, float[] m, int to) {
        Lanes.read(from, element, m, to, n * n, 0f);
    }

    /** Stores a matrix transposed. */
    void storeTurned(float[] m, int from, MemorySegment to, int element) {
        turnMatrix(m, from);
        Lanes.write(m, turned, to, element, n * n);
    }

    /** Transposes a matrix into {@link #turned}. */
    void turnMatrix(float[] m, int from) {
        Transposition.run(m, from, n, n, n, turned, n, scratch);
    }
}
