package dev.wuneng.kernels.host;

import jdk.incubator.vector.FloatVector;

/**
 * Products of matrices that lie in thread memory and in the first caches, as they are: c = z + a b, where all but a are row-major and a may be stored
 * any way round. {@link GemmHost} is for matrices that have to be packed.
 *
 * <p>The sums may go over several parts of a's columns and b's rows: over columns {@code l < k} of each part, which begin {@code apart} columns from each
 * other.
 *
 * <p>Four rows of c stay in registers. What else the loops over l need has to stay there too, and the JVM's compiler also keeps every local variable that is
 * still to be read behind a load whose bounds it checks: so indices have no names where they can do without.
 */
final class SmallProduct {
    /** The rows of c are a multiple of this. */
    static final int ROWS = 4;
    /** The columns of c are a multiple of this. */
    static final int COLUMNS = 2 * Lanes.LENGTH;
    /** Sixteen sums, four vectors of b and an element of a need a register file of 32, which comes with vectors of 512 bits. */
    private static final int WIDE = Lanes.LENGTH == 16 ? 2 * COLUMNS : Integer.MAX_VALUE;

    private SmallProduct() {
    }

    /**
     * @param a element (i, l) is at {@code a + i · aRow + l · aStep}
     * @param b row l begins at {@code b + l · ldb}
     * @param z row i begins at {@code z + i · ldz}; c itself, or zeros with ldz = 0
     * @param c row i begins at {@code c + i · ldc}
     */
    static void run(float[] s, int a, int aRow, int aStep, int b, int ldb, int z, int ldz, int c, int ldc, int rows, int columns, int k, int parts, int apart) {
        int j = 0;
        for (; j <= columns - WIDE; j += WIDE) {
            for (int i = 0; i < rows; i += ROWS) {
                four(s, a + i * aRow, aRow, aStep, b + j, ldb, z + i * ldz + j, ldz, c + i * ldc + j, ldc, k, parts, apart);
            }
        }
        for (; j < columns; j += COLUMNS) {
            for (int i = 0; i < rows; i += ROWS) {
                two(s, a + i * aRow, aRow, aStep, b + j, ldb, z + i * ldz + j, ldz, c + i * ldc + j, ldc, k, parts, apart);
            }
        }
    }

    /** Four rows of two vectors. */
    private static void two(float[] s, int a, int aRow, int aStep, int b, int ldb, int z, int ldz, int c, int ldc, int k, int parts, int apart) {
        FloatVector c00 = FloatVector.fromArray(Lanes.SPECIES, s, z);
        FloatVector c01 = FloatVector.fromArray(Lanes.SPECIES, s, z + Lanes.LENGTH);
        FloatVector c10 = FloatVector.fromArray(Lanes.SPECIES, s, z + ldz);
        FloatVector c11 = FloatVector.fromArray(Lanes.SPECIES, s, z + ldz + Lanes.LENGTH);
        FloatVector c20 = FloatVector.fromArray(Lanes.SPECIES, s, z + 2 * ldz);
        FloatVector c21 = FloatVector.fromArray(Lanes.SPECIES, s, z + 2 * ldz + Lanes.LENGTH);
        FloatVector c30 = FloatVector.fromArray(Lanes.SPECIES, s, z + 3 * ldz);
        FloatVector c31 = FloatVector.fromArray(Lanes.SPECIES, s, z + 3 * ldz + Lanes.LENGTH);
        for (int first = 0; first < parts * apart; first += apart) {
            for (int l = first; l < first + k; l++) {
                int from = b + l * ldb;
                FloatVector b0 = FloatVector.fromArray(Lanes.SPECIES, s, from);
                FloatVector b1 = FloatVector.fromArray(Lanes.SPECIES, s, from + Lanes.LENGTH);
                int at = a + l * aStep;
                FloatVector x = FloatVector.broadcast(Lanes.SPECIES, s[at]);
                c00 = x.fma(b0, c00);
                c01 = x.fma(b1, c01);
                x = FloatVector.broadcast(Lanes.SPECIES, s[at + aRow]);
                c10 = x.fma(b0, c10);
                c11 = x.fma(b1, c11);
                x = FloatVector.broadcast(Lanes.SPECIES, s[at + 2 * aRow]);
                c20 = x.fma(b0, c20);
                c21 = x.fma(b1, c21);
                x = FloatVector.broadcast(Lanes.SPECIES, s[at + 3 * aRow]);
                c30 = x.fma(b0, c30);
                c31 = x.fma(b1, c31);
            }
        }
        c00.intoArray(s, c);
        c01.intoArray(s, c + Lanes.LENGTH);
        c10.intoArray(s, c + ldc);
        c11.intoArray(s, c + ldc + Lanes.LENGTH);
        c20.intoArray(s, c + 2 * ldc);
        c21.intoArray(s, c + 2 * ldc + Lanes.LENGTH);
        c30.intoArray(s, c + 3 * ldc);
        c31.intoArray(s, c + 3 * ldc + Lanes.LENGTH);
    }

    /** Four rows of four vectors. */
    private static void four(float[] s, int a, int aRow, int aStep, int b, int ldb, int z, int ldz, int c, int ldc, int k, int parts, int apart) {
        FloatVector c00 = FloatVector.fromArray(Lanes.SPECIES, s, z);
        FloatVector c01 = FloatVector.fromArray(Lanes.SPECIES, s, z + Lanes.LENGTH);
        FloatVector c02 = FloatVector.fromArray(Lanes.SPECIES, s, z + 2 * Lanes.LENGTH);
        FloatVector c03 = FloatVector.fromArray(Lanes.SPECIES, s, z + 3 * Lanes.LENGTH);
        FloatVector c10 = FloatVector.fromArray(Lanes.SPECIES, s, z + ldz);
        FloatVector c11 = FloatVector.fromArray(Lanes.SPECIES, s, z + ldz + Lanes.LENGTH);
        FloatVector c12 = FloatVector.fromArray(Lanes.SPECIES, s, z + ldz + 2 * Lanes.LENGTH);
        FloatVector c13 = FloatVector.fromArray(Lanes.SPECIES, s, z + ldz + 3 * Lanes.LENGTH);
        FloatVector c20 = FloatVector.fromArray(Lanes.SPECIES, s, z + 2 * ldz);
        FloatVector c21 = FloatVector.fromArray(Lanes.SPECIES, s, z + 2 * ldz + Lanes.LENGTH);
        FloatVector c22 = FloatVector.fromArray(Lanes.SPECIES, s, z + 2 * ldz + 2 * Lanes.LENGTH);
        FloatVector c23 = FloatVector.fromArray(Lanes.SPECIES, s, z + 2 * ldz + 3 * Lanes.LENGTH);
        FloatVector c30 = FloatVector.fromArray(Lanes.SPECIES, s, z + 3 * ldz);
        FloatVector c31 = FloatVector.fromArray(Lanes.SPECIES, s, z + 3 * ldz + Lanes.LENGTH);
        FloatVector c32 = FloatVector.fromArray(Lanes.SPECIES, s, z + 3 * ldz + 2 * Lanes.LENGTH);
        FloatVector c33 = FloatVector.fromArray(Lanes.SPECIES, s, z + 3 * ldz + 3 * Lanes.LENGTH);
        for (int first = 0; first < parts * apart; first += apart) {
            for (int l = first; l < first + k; l++) {
                int from = b + l * ldb;
                FloatVector b0 = FloatVector.fromArray(Lanes.SPECIES, s, from);
                FloatVector b1 = FloatVector.fromArray(Lanes.SPECIES, s, from + Lanes.LENGTH);
                FloatVector b2 = FloatVector.fromArray(Lanes.SPECIES, s, from + 2 * Lanes.LENGTH);
                FloatVector b3 = FloatVector.fromArray(Lanes.SPECIES, s, from + 3 * Lanes.LENGTH);
                int at = a + l * aStep;
                FloatVector x = FloatVector.broadcast(Lanes.SPECIES, s[at]);
                c00 = x.fma(b0, c00);
                c01 = x.fma(b1, c01);
                c02 = x.fma(b2, c02);
                c03 = x.fma(b3, c03);
                x = FloatVector.broadcast(Lanes.SPECIES, s[at + aRow]);
                c10 = x.fma(b0, c10);
                c11 = x.fma(b1, c11);
                c12 = x.fma(b2, c12);
                c13 = x.fma(b3, c13);
                x = FloatVector.broadcast(Lanes.SPECIES, s[at + 2 * aRow]);
                c20 = x.fma(b0, c20);
                c21 = x.fma(b1, c21);
                c22 = x.fma(b2, c22);
                c23 = x.fma(b3, c23);
                x = FloatVector.broadcast(Lanes.SPECIES, s[at + 3 * aRow]);
                c30 = x.fma(b0, c30);
                c31 = x.fma(b1, c31);
                c32 = x.fma(b2, c32);
                c33 = x.fma(b3, c33);
            }
        }
        c00.intoArray(s, c);
        c01.intoArray(s, c + Lanes.LENGTH);
        c02.intoArray(s, c + 2 * Lanes.LENGTH);
        c03.intoArray(s, c + 3 * Lanes.LENGTH);
        c10.intoArray(s, c + ldc);
        c11.intoArray(s, c + ldc + Lanes.LENGTH);
        c12.intoArray(s, c + ldc + 2 * Lanes.LENGTH);
        c13.intoArray(s, c + ldc + 3 * Lanes.LENGTH);
        c20.intoArray(s, c + 2 * ldc);
        c21.intoArray(s, c + 2 * ldc + Lanes.LENGTH);
        c22.intoArray(s, c + 2 * ldc + 2 * Lanes.LENGTH);
        c23.intoArray(s, c + 2 * ldc + 3 * Lanes.LENGTH);
        c30.intoArray(s, c + 3 * ldc);
        c31.intoArray(s, c + 3 * ldc + Lanes.LENGTH);
        c32.intoArray(s, c + 3 * ldc + 2 * Lanes.LENGTH);
        c33.intoArray(s, c + 3 * ldc + 3 * Lanes.LENGTH);
    }
}
