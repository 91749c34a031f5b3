package dev.wuneng.kernels.host;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The innermost matrix product of the host bodies: {@link #ROWS} rows of a times a panel of {@link #COLUMNS} columns of b, with all sums in
 * registers. Twelve sums are enough to keep two multiply-add units busy through their latency, and with two vectors of b and one
 * element of a they just fit the 16 registers of AVX2.
 */
final class Tile {
    static final VectorSpecies<Float> SPECIES = VectorMath.SPECIES;
    static final int LANES = SPECIES.length();
    static final int ROWS = 6;
    static final int COLUMNS = 2 * LANES;
    /** A multiple of COLUMNS whatever the processor: what code that must load without the Vector API rounds up to. */
    static final int WIDEST = 32;

    private Tile() {
    }

    /**
     * c_ij = z_ij + Σ_l a_il b_lj, with l in order. All lie in {@code s}.
     *
     * @param a element (i, l) is at {@code a + i · aRow + l · aStep}
     * @param b a panel: row l begins at {@code b + l · COLUMNS}
     * @param z row i begins at {@code z + i · ldz}; c itself, or the same row for all with ldz = 0
     * @param c row i begins at {@code c + i · ldc}
     */
    static void multiply(float[] s, int a, int aRow, int aStep, int b, int z, int ldz, int c, int ldc, int k) {
        FloatVector c00 = FloatVector.fromArray(SPECIES, s, z);
        FloatVector c01 = FloatVector.fromArray(SPECIES, s, z + LANES);
        FloatVector c10 = FloatVector.fromArray(SPECIES, s, z + ldz);
        FloatVector c11 = FloatVector.fromArray(SPECIES, s, z + ldz + LANES);
        FloatVector c20 = FloatVector.fromArray(SPECIES, s, z + 2 * ldz);
        FloatVector c21 = FloatVector.fromArray(SPECIES, s, z + 2 * ldz + LANES);
        FloatVector c30 = FloatVector.fromArray(SPECIES, s, z + 3 * ldz);
        FloatVector c31 = FloatVector.fromArray(SPECIES, s, z + 3 * ldz + LANES);
        FloatVector c40 = FloatVector.fromArray(SPECIES, s, z + 4 * ldz);
        FloatVector c41 = FloatVector.fromArray(SPECIES, s, z + 4 * ldz + LANES);
        FloatVector c50 = FloatVector.fromArray(SPECIES, s, z + 5 * ldz);
        FloatVector c51 = FloatVector.fromArray(SPECIES, s, z + 5 * ldz + LANES);
        for (int l = 0; l < k; l++) {
            int at = a + l * aStep;
            FloatVector b0 = FloatVector.fromArray(SPECIES, s, b + l * COLUMNS);
            FloatVector b1 = FloatVector.fromArray(SPECIES, s, b + l * COLUMNS + LANES);
            FloatVector x = FloatVector.broadcast(SPECIES, s[at]);
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            x = FloatVector.broadcast(SPECIES, s[at + aRow]);
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            x = FloatVector.broadcast(SPECIES, s[at + 2 * aRow]);
            c20 = x.fma(b0, c20);
            c21 = x.fma(b1, c21);
            x = FloatVector.broadcast(SPECIES, s[at + 3 * aRow]);
            c30 = x.fma(b0, c30);
            c31 = x.fma(b1, c31);
            x = FloatVector.broadcast(SPECIES, s[at + 4 * aRow]);
            c40 = x.fma(b0, c40);
            c41 = x.fma(b1, c41);
            x = FloatVector.broadcast(SPECIES, s[at + 5 * aRow]);
            c50 = x.fma(b0, c50);
            c51 = x.fma(b1, c51);
        }
        c00.intoArray(s, c);
        c01.intoArray(s, c + LANES);
        c10.intoArray(s, c + ldc);
        c11.intoArray(s, c + ldc + LANES);
        c20.intoArray(s, c + 2 * ldc);
        c21.intoArray(s, c + 2 * ldc + LANES);
        c30.intoArray(s, c + 3 * ldc);
        c31.intoArray(s, c + 3 * ldc + LANES);
        c40.intoArray(s, c + 4 * ldc);
        c41.intoArray(s, c + 4 * ldc + LANES);
        c50.intoArray(s, c + 5 * ldc);
        c51.intoArray(s, c + 5 * ldc + LANES);
    }
}
