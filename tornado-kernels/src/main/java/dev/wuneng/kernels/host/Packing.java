package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.Buffer.Type;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Copies parts of row-major matrices to where and how {@link Tile} reads them, and its tiles back. The factor a is packed as rows with l
 * along them or, where it is stored so, as strips of {@link Tile#ROWS} rows, one after the other, with l down them; the factor b as panels
 * of {@link Tile#COLUMNS} columns, also with l down them:
 *
 * <pre>
 *              l →                  strip 0   strip 1                 panel 0     panel 1
 *   a   row 0  ········     l = 0   ······    ······      b   l = 0   ········    ········
 *       row 1  ········     l = 1   ······    ······          l = 1   ········    ········
 *         ⋮                   ⋮                                 ⋮
 * </pre>
 *
 * <p>What lies beyond the last row of a or the last column of b is left as it was: it is computed with, but never written out.
 */
final class Packing {
    private static final int LANES = Tile.LANES;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    /** Elements of the whole vectors that hold a row of a strip. */
    private static final int STRIP = (Tile.ROWS + LANES - 1) / LANES * LANES;

    private Packing() {
    }

    /** Packs a matrix [rows, k] as factor a, in lines of {@code lda}. */
    static void rows(MemorySegment from, long offset, int ld, int rows, int k, float[] s, int a, int lda) {
        for (int i = 0; i < rows; i++) {
            copy(from, Type.F32, offset + (long) i * ld, k, s, a + i * lda);
        }
    }

    /**
     * Packs a matrix [k, rows] as factor a, in strips. What a whole vector writes behind its row of a strip, the next rows overwrite; where it would
     * write behind the strip, or read behind the matrix, elements are copied one by one.
     */
    static void strips(MemorySegment from, long offset, int ld, int rows, int k, float[] s, int a) {
        int last = (rows - 1) / Tile.ROWS * Tile.ROWS;
        for (int l = 0; l < k; l++) {
            long row = offset + (long) l * ld;
            int to = a + l * Tile.ROWS;
            if ((k - l) * Tile.ROWS >= STRIP && 4 * (row + last + STRIP) <= from.byteSize()) {
                for (int i = 0; i <= last; i += Tile.ROWS) {
                    strip(from, row + i, s, to + i * k);
                }
            } else {
                for (int i = 0; i < rows; i++) {
                    s[to + (i - i % Tile.ROWS) * k + i % Tile.ROWS] = from.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * (row + i));
                }
            }
        }
    }

    private static void strip(MemorySegment from, long element, float[] s, int to) {
        for (int i = 0; i < Tile.ROWS; i += LANES) {
            FloatVector.fromMemorySegment(Tile.SPECIES, from, 4 * (element + i), ORDER).intoArray(s, to + i);
        }
    }

    /** Packs a matrix [k, columns] of float32 as factor b. */
    static void panels(MemorySegment from, long offset, int ld, int columns, int k, float[] s, int b) {
        panels(from, Type.F32, offset, ld, columns, k, s, b);
    }

    /** Packs a matrix [k, columns], as it is stored, as factor b. */
    static void panels(MemorySegment from, Type type, long offset, int ld, int columns, int k, float[] s, int b) {
        for (int j = 0; j < columns; j += Tile.COLUMNS) {
            int width = Math.min(columns - j, Tile.COLUMNS);
            for (int l = 0; l < k; l++) {
                copy(from, type, offset + (long) l * ld + j, width, s, b + j * k + l * Tile.COLUMNS);
            }
        }
    }

    /** Packs a matrix [columns, k] of float32 as factor b. */
    static void panelsTransposed(MemorySegment from, long offset, int ld, int columns, int k, float[] s, int b, int scratch) {
        panelsTransposed(from, Type.F32, offset, ld, columns, k, s, b, scratch);
    }

    /** Packs a matrix [columns, k], as it is stored, as factor b. */
    static void panelsTransposed(MemorySegment from, Type type, long offset, int ld, int columns, int k, float[] s, int b, int scratch) {
        for (int j = 0; j < columns; j += Tile.COLUMNS) {
            int width = Math.min(columns - j, Tile.COLUMNS);
            Transposition.run(from, type, offset + (long) j * ld, ld, width, k, s, b + j * k, Tile.COLUMNS, scratch);
        }
    }

    private static void copy(MemorySegment from, Type type, long offset, int size, float[] s, int to) {
        int i = 0;
        for (; i <= size - LANES; i += LANES) {
            Halves.copy(from, type, offset + i, s, to + i);
        }
        for (; i < size; i++) {
            s[to + i] = Halves.get(from, type, offset + i);
        }
    }

    /** Writes a tile of {@code rows} and {@code columns} to y, added to what {@code start} holds unless that is null. */
    static void write(float[] s, int tile, int rows, int columns, MemorySegment start, long start0, int startLd, MemorySegment y, long y0, int ld) {
        int j = 0;
        for (; j <= columns - LANES; j += LANES) {
            for (int i = 0; i < rows && start == null; i++) {
                FloatVector.fromArray(Tile.SPECIES, s, tile + i * Tile.COLUMNS + j).intoMemorySegment(y, 4 * (y0 + (long) i * ld + j), ORDER);
            }
            for (int i = 0; i < rows && start != null; i++) {
                FloatVector before = FloatVector.fromMemorySegment(Tile.SPECIES, start, 4 * (start0 + (long) i * startLd + j), ORDER);
                before.add(FloatVector.fromArray(Tile.SPECIES, s, tile + i * Tile.COLUMNS + j)).intoMemorySegment(y, 4 * (y0 + (long) i * ld + j), ORDER);
            }
        }
        if (j < columns) {
            writeRest(s, tile, rows, columns, j, start, start0, startLd, y, y0, ld);
        }
    }

    private static void writeRest(float[] s, int tile, int rows, int columns, int j, MemorySegment start, long start0, int startLd,
            MemorySegment y, long y0, int ld) {
        VectorMask<Float> mask = Tile.SPECIES.indexInRange(j, columns);
        for (int i = 0; i < rows; i++) {
            FloatVector sum = FloatVector.fromArray(Tile.SPECIES, s, tile + i * Tile.COLUMNS + j);
            if (start != null) {
                sum = sum.add(FloatVector.fromMemorySegment(Tile.SPECIES, start, 4 * (start0 + (long) i * startLd + j), ORDER, mask));
            }
            sum.intoMemorySegment(y, 4 * (y0 + (long) i * ld + j), ORDER, mask);
        }
    }
}
