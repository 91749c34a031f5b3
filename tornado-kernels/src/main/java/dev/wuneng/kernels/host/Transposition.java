package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.Buffer.Type;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;

/**
 * Transposes row-major matrices in square blocks as wide as a vector. With L vectors of L elements, L a power of two, one round zips vector i
 * with vector i + L/2 into vectors 2i and 2i + 1; after log2 L rounds the block is transposed, whatever L is.
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
                round(s, from + i * ld + j, ld, scratch, LANES);
                rounds(s, to + j * ldt + i, ldt, scratch);
            }
        }
    }

    private static void block(MemorySegment from, Type type, long offset, int ld, float[] s, int to, int ldt, int scratch) {
        int half = LANES / 2;
        for (int i = 0; i < half; i++) {
            FloatVector x = Halves.load(from, type, offset + (long) i * ld);
            FloatVector y = Halves.load(from, type, offset + (long) (i + half) * ld);
            zip(x, y, s, scratch + 2 * i * LANES, LANES);
        }
        rounds(s, to, ldt, scratch);
    }

    /** All rounds but the first. */
    private static void rounds(float[] s, int to, int ldt, int scratch) {
        int half = LANES / 2;
        int here = scratch;
        int there = scratch + LANES * LANES;
        for (int zipped = 2; zipped < half; zipped *= 2) {
            round(s, here, LANES, there, LANES);
            int swap = here;
            here = there;
            there = swap;
        }
        round(s, here, LANES, to, ldt);
    }

    private static void round(float[] s, int from, int ld, int to, int ldt) {
        int half = LANES / 2;
        for (int i = 0; i < half; i++) {
            FloatVector x = FloatVector.fromArray(Tile.SPECIES, s, from + i * ld);
            FloatVector y = FloatVector.fromArray(Tile.SPECIES, s, from + (i + half) * ld);
            zip(x, y, s, to + 2 * i * ldt, ldt);
        }
    }

    private static void zip(FloatVector x, FloatVector y, float[] s, int to, int ldt) {
        x.rearrange(FIRST_HALVES, y).intoArray(s, to);
        x.rearrange(SECOND_HALVES, y).intoArray(s, to + ldt);
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
