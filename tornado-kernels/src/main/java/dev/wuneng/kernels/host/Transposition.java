package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.Buffer.Type;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/**
 * Transposes row-major matrices in square blocks as wide as a vector. In a round of groups of g elements, vectors i and i + g, where i / g is even, exchange
 * every second group of i with the group before it of i + g; after rounds of half a vector, of a quarter, down to 1, the block is transposed. An exchange is
 * a shuffle and a blend for each vector, so that no shuffle takes from two. Two rounds at a time stay in registers.
 */
final class Transposition {
    /** Memory that {@link #run} needs: two blocks of the widest vectors. */
    static final int SCRATCH = Tile.WIDEST * Tile.WIDEST / 2;

    private static final int LANES = Tile.LANES;
    // Shuffles that swap each group with its neighbour, and every second group.
    private static final VectorShuffle<Float> SWAP_HALVES = swap(LANES / 2);
    private static final VectorMask<Float> ODD_HALVES = odd(LANES / 2);
    private static final VectorShuffle<Float> SWAP_QUARTERS = swap(LANES / 4);
    private static final VectorMask<Float> ODD_QUARTERS = odd(LANES / 4);
    private static final VectorShuffle<Float> SWAP_PAIRS = swap(2);
    private static final VectorMask<Float> ODD_PAIRS = odd(2);
    private static final VectorShuffle<Float> SWAP_ELEMENTS = swap(1);
    private static final VectorMask<Float> ODD_ELEMENTS = odd(1);

    private Transposition() {
    }

    /** Groups of so many elements take their neighbours' places. */
    private static VectorShuffle<Float> swap(int group) {
        return VectorShuffle.fromOp(Tile.SPECIES, i -> i ^ group);
    }

    /** Every second group of so many elements. */
    private static VectorMask<Float> odd(int group) {
        long bits = 0;
        for (int i = 0; i < LANES; i++) {
            bits |= (long) (i / group % 2) << i;
        }
        return VectorMask.fromLong(Tile.SPECIES, bits);
    }

    /** Element (i, j) of a matrix [rows, columns], as it is stored, goes to {@code s[to + j · ldt + i]}. */
    static void run(MemorySegment from, Type type, long offset, int ld, int rows, int columns, float[] s, int to, int ldt, int scratch) {
        int i = 0;
        for (; i <= rows - LANES; i += LANES) {
            int j = 0;
            for (; j <= columns - LANES; j += LANES) {
                block(from, type, offset + (long) i * ld + j, ld, s, to + j * ldt + i, ldt, scratch);
            }
            edge(from, type, offset + (long) i * ld + j, ld, LANES, columns - j, s, to + j * ldt + i, ldt);
        }
        edge(from, type, offset + (long) i * ld, ld, rows - i, columns, s, to + i, ldt);
    }

    /** The same within thread memory, where rows and columns are multiples of a vector's length. */
    static void run(float[] s, int from, int ld, int rows, int columns, int to, int ldt, int scratch) {
        for (int i = 0; i < rows; i += LANES) {
            for (int j = 0; j < columns; j += LANES) {
                block(s, from + i * ld + j, ld, to + j * ldt + i, ldt, scratch);
            }
        }
    }

    private static void block(MemorySegment from, Type type, long offset, int ld, float[] s, int to, int ldt, int scratch) {
        for (int i = 0; i < LANES; i++) {
            Halves.copy(from, type, offset + (long) i * ld, s, scratch + i * LANES);
        }
        block(s, scratch, LANES, to, ldt, scratch + LANES * LANES);
    }

    /** Vectors of 4, 8 or 16 elements: two, three or four rounds. */
    private static void block(float[] s, int from, int ld, int to, int ldt, int scratch) {
        if (LANES == 4) {
            pairsAndElements(s, from, ld, to, ldt);
            return;
        }
        if (LANES == 8) {
            halves(s, from, ld, scratch, LANES);
        } else {
            halvesAndQuarters(s, from, ld, scratch, LANES);
        }
        pairsAndElements(s, scratch, LANES, to, ldt);
    }

    /** A round of half vectors. */
    private static void halves(float[] s, int from, int ld, int to, int ldt) {
        for (int i = 0; i < LANES / 2; i++) {
            FloatVector x = FloatVector.fromArray(Tile.SPECIES, s, from + i * ld);
            FloatVector y = FloatVector.fromArray(Tile.SPECIES, s, from + (i + LANES / 2) * ld);
            x.blend(y.rearrange(SWAP_HALVES), ODD_HALVES).intoArray(s, to + i * ldt);
            x.rearrange(SWAP_HALVES).blend(y, ODD_HALVES).intoArray(s, to + (i + LANES / 2) * ldt);
        }
    }

    /** Rounds of halves and of quarters of vectors. */
    private static void halvesAndQuarters(float[] s, int from, int ld, int to, int ldt) {
        for (int i = 0; i < LANES / 4; i++) {
            FloatVector x0 = FloatVector.fromArray(Tile.SPECIES, s, from + i * ld);
            FloatVector x1 = FloatVector.fromArray(Tile.SPECIES, s, from + (i + LANES / 4) * ld);
            FloatVector x2 = FloatVector.fromArray(Tile.SPECIES, s, from + (i + LANES / 2) * ld);
            FloatVector x3 = FloatVector.fromArray(Tile.SPECIES, s, from + (i + LANES / 4 * 3) * ld);
            FloatVector y0 = x0.blend(x2.rearrange(SWAP_HALVES), ODD_HALVES);
            FloatVector y2 = x0.rearrange(SWAP_HALVES).blend(x2, ODD_HALVES);
            FloatVector y1 = x1.blend(x3.rearrange(SWAP_HALVES), ODD_HALVES);
            FloatVector y3 = x1.rearrange(SWAP_HALVES).blend(x3, ODD_HALVES);
            y0.blend(y1.rearrange(SWAP_QUARTERS), ODD_QUARTERS).intoArray(s, to + i * ldt);
            y0.rearrange(SWAP_QUARTERS).blend(y1, ODD_QUARTERS).intoArray(s, to + (i + LANES / 4) * ldt);
            y2.blend(y3.rearrange(SWAP_QUARTERS), ODD_QUARTERS).intoArray(s, to + (i + LANES / 2) * ldt);
            y2.rearrange(SWAP_QUARTERS).blend(y3, ODD_QUARTERS).intoArray(s, to + (i + LANES / 4 * 3) * ldt);
        }
    }

    /** Rounds of pairs and of elements. */
    private static void pairsAndElements(float[] s, int from, int ld, int to, int ldt) {
        for (int i = 0; i < LANES; i += 4) {
            FloatVector x0 = FloatVector.fromArray(Tile.SPECIES, s, from + i * ld);
            FloatVector x1 = FloatVector.fromArray(Tile.SPECIES, s, from + (i + 1) * ld);
            FloatVector x2 = FloatVector.fromArray(Tile.SPECIES, s, from + (i + 2) * ld);
            FloatVector x3 = FloatVector.fromArray(Tile.SPECIES, s, from + (i + 3) * ld);
            FloatVector y0 = x0.blend(x2.rearrange(SWAP_PAIRS), ODD_PAIRS);
            FloatVector y2 = x0.rearrange(SWAP_PAIRS).blend(x2, ODD_PAIRS);
            FloatVector y1 = x1.blend(x3.rearrange(SWAP_PAIRS), ODD_PAIRS);
            FloatVector y3 = x1.rearrange(SWAP_PAIRS).blend(x3, ODD_PAIRS);
            y0.blend(y1.rearrange(SWAP_ELEMENTS), ODD_ELEMENTS).intoArray(s, to + i * ldt);
            y0.rearrange(SWAP_ELEMENTS).blend(y1, ODD_ELEMENTS).intoArray(s, to + (i + 1) * ldt);
            y2.blend(y3.rearrange(SWAP_ELEMENTS), ODD_ELEMENTS).intoArray(s, to + (i + 2) * ldt);
            y2.rearrange(SWAP_ELEMENTS).blend(y3, ODD_ELEMENTS).intoArray(s, to + (i + 3) * ldt);
        }
    }

    private static void edge(MemorySegment from, Type type, long offset, int ld, int rows, int columns, float[] s, int to, int ldt) {
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                s[to + j * ldt + i] = Halves.get(from, type, offset + (long) i * ld + j);
            }
        }
    }
}
