package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.Buffer.Type;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;

/**
 * Transposes row-major matrices in square blocks as wide as a vector. With L vectors of L elements, L a power of two, one round zips vector i
 * with vector i + L/2 into vectors 2i and 2i + 1; after log2 L rounds the block is transposed. Two rounds at a time stay in registers: vectors i,
 * i + L/4, i + L/2 and i + 3L/4 become 4i to 4i + 3.
 */
final class Transposition {
    /** Memory that {@link #run} needs: two blocks of the widest vectors. */
    static final int SCRATCH = Tile.WIDEST * Tile.WIDEST / 2;

    private static final int LANES = Tile.LANES;
    private static final VectorShuffle<Float> FIRST_HALVES = VectorShuffle.makeZip(Tile.SPECIES, 0);
    private static final VectorShuffle<Float> SECOND_HALVES = VectorShuffle.makeZip(Tile.SPECIES, 1);

    private Transposition() {
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
            Halves.load(from, type, offset + (long) i * ld).intoArray(s, scratch + i * LANES);
        }
        block(s, scratch, LANES, to, ldt, scratch + LANES * LANES);
    }

    /** Vectors of 4, 8 or 16 elements: two, three or four rounds. */
    private static void block(float[] s, int from, int ld, int to, int ldt, int scratch) {
        if (LANES == 4) {
            twoRounds(s, from, ld, to, ldt);
            return;
        }
        if (LANES == 8) {
            round(s, from, ld, scratch, LANES);
        } else {
            twoRounds(s, from, ld, scratch, LANES);
        }
        twoRounds(s, scratch, LANES, to, ldt);
    }

    private static void round(float[] s, int from, int ld, int to, int ldt) {
        for (int i = 0; i < LANES / 2; i++) {
            FloatVector x = FloatVector.fromArray(Tile.SPECIES, s, from + i * ld);
            FloatVector y = FloatVector.fromArray(Tile.SPECIES, s, from + (i + LANES / 2) * ld);
            x.rearrange(FIRST_HALVES, y).intoArray(s, to + 2 * i * ldt);
            x.rearrange(SECOND_HALVES, y).intoArray(s, to + (2 * i + 1) * ldt);
        }
    }

    private static void twoRounds(float[] s, int from, int ld, int to, int ldt) {
        int step = LANES / 4 * ld;
        for (int i = 0; i < LANES / 4; i++) {
            FloatVector x0 = FloatVector.fromArray(Tile.SPECIES, s, from + i * ld);
            FloatVector x1 = FloatVector.fromArray(Tile.SPECIES, s, from + i * ld + step);
            FloatVector x2 = FloatVector.fromArray(Tile.SPECIES, s, from + i * ld + 2 * step);
            FloatVector x3 = FloatVector.fromArray(Tile.SPECIES, s, from + i * ld + 3 * step);
            FloatVector even0 = x0.rearrange(FIRST_HALVES, x2);
            FloatVector even1 = x0.rearrange(SECOND_HALVES, x2);
            FloatVector odd0 = x1.rearrange(FIRST_HALVES, x3);
            FloatVector odd1 = x1.rearrange(SECOND_HALVES, x3);
            int t = to + 4 * i * ldt;
            even0.rearrange(FIRST_HALVES, odd0).intoArray(s, t);
            even0.rearrange(SECOND_HALVES, odd0).intoArray(s, t + ldt);
            even1.rearrange(FIRST_HALVES, odd1).intoArray(s, t + 2 * ldt);
            even1.rearrange(SECOND_HALVES, odd1).intoArray(s, t + 3 * ldt);
        }
    }

    private static void edge(MemorySegment from, Type type, long offset, int ld, int rows, int columns, float[] s, int to, int ldt) {
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                long element = offset + (long) i * ld + j;
                s[to + j * ldt + i] = type == Type.F32 ? from.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * element)
                        : type.value(from.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2 * element));
            }
        }
    }
}
