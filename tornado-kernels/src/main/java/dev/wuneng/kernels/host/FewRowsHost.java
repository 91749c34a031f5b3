package dev.wuneng.kernels.host;

import dev.wuneng.kernels.host.GemmHost.Matrix;
import dev.wuneng.kernels.run.Buffer.Type;
import dev.wuneng.kernels.run.HostForm;
import dev.wuneng.kernels.run.Scratch;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;

/**
 * y (+)= a bᵀ (+ bias) for so few rows of a [m, k] that packing b [n, k] would cost more than multiplying: what generating a token or reading a short prompt
 * needs. b may be stored in half precision.
 *
 * <p>For a single row, b is read from one end to the other, which is as fast as memory is. For more, four rows of b at a time become floats in thread memory,
 * and are multiplied with four rows of a at a time, or with two where there are few registers:
 *
 * <pre>
 *        ┌──── k ────┐                  ┌──── k ────┐
 *      4 │ a         │   ·   transposed │ b, floats │ 4    =   16 sums, each a vector over every 16th product
 *        └───────────┘                  └───────────┘
 * </pre>
 *
 * @param products how many such products there are, one a head, each a step of its matrices further
 * @param bias [n], or null
 */
record FewRowsHost(int products, Matrix a, Matrix b, View bias, Matrix y, int m, int n, int k, boolean accumulate) {
    /** Up to so many rows this is the faster form. */
    static final int MOST_ROWS = 32;
    private static final int COLUMNS = 4;
    /** Sixteen sums, four vectors of b and one of a need a register file of 32, which comes with vectors of 512 bits. */
    private static final int ROWS = Lanes.LENGTH == 16 ? 4 : 2;
    private static final int SUMS = ROWS * COLUMNS;
    /** Where the rows of b begin, behind the sums. */
    private static final int B = SUMS * Lanes.LENGTH;

    /** Items are groups of four columns of y, for each product. */
    HostForm form() {
        return new HostForm(products * groups(), this::run);
    }

    private int groups() {
        return (n + COLUMNS - 1) / COLUMNS;
    }

    private void run(int from, int to, int[] at, Scratch scratch) {
        int line = 2 * Lanes.roundUp((k + 1) / 2);
        float[] s = scratch.floats(B + (COLUMNS + m + ROWS - 1) * line);
        int groups = groups();
        for (int item = from; item < to;) {
            int product = item / groups;
            int end = Math.min(to, (product + 1) * groups);
            int left = (item - product * groups) * COLUMNS;
            int right = Math.min(n, (end - product * groups) * COLUMNS);
            if (m == 1) {
                row(product, left, right, line, at, s);
            } else {
                rows(product, left, right, line, at, s);
            }
            item = end;
        }
    }

    private int row(Matrix matrix, int at, int product, int i) {
        return at + product * matrix.step() + i * matrix.ld();
    }

    private int rowOfB(int product, int j, int[] at) {
        return row(b, at[b.view().type().isHalf() ? GemmHost.HALVES : GemmHost.FLOATS], product, j);
    }

    /** Columns {@code left} to {@code right - 1} of y where it has a single row. */
    private void row(int product, int left, int right, int line, int[] at, float[] s) {
        int from = row(a, at[0], product, 0);
        int as = B + COLUMNS * line;
        if (b.view().type().isHalf()) {
            Halves.readZipped(a.view().segment(), Type.F32, from, s, as, k, line);
        } else {
            Lanes.read(a.view().segment(), from, s, as, k, 0f);
        }
        for (int j = left; j < right; j++) {
            put(single(s, as, rowOfB(product, j, at)), product, 0, j, at);
        }
    }

    private void rows(int product, int left, int right, int line, int[] at, float[] s) {
        int as = B + COLUMNS * line;
        for (int i = 0; i < m; i++) {
            Halves.readZipped(a.view().segment(), Type.F32, row(a, at[0], product, i), s, as + i * line, k, line);
        }
        for (int j = left; j < right; j += COLUMNS) {
            for (int c = 0; c < COLUMNS; c++) {
                Halves.readZipped(b.view().segment(), b.view().type(), rowOfB(product, Math.min(j + c, n - 1), at), s, B + c * line, k, line);
            }
            for (int i = 0; i < m; i += ROWS) {
                if (ROWS == 4) {
                    four(s, as + i * line, line);
                } else {
                    two(s, as + i * line, line);
                }
                for (int q = 0; q < SUMS; q += Lanes.LENGTH) {
                    LaneSums.addUp(s, q * Lanes.LENGTH, q);
                }
                for (int r = 0; r < ROWS && i + r < m; r++) {
                    for (int c = 0; c < COLUMNS && j + c < n; c++) {
                        put(s[r * COLUMNS + c], product, i + r, j + c, at);
                    }
                }
            }
        }
    }

    private void put(float sum, int product, int i, int j, int[] at) {
        int to = row(y, at[bias == null ? 3 : 4], product, i) + j;
        float start = accumulate ? y.view().floats().get(to) : bias == null ? 0f : bias.floats().get(at[3] + j);
        y.view().floats().set(to, start + sum);
    }

    /** The product of the only row of a with a row of b. */
    private float single(float[] s, int as, int row) {
        MemorySegment bs = b.view().segment();
        Type type = b.view().type();
        if (type == Type.F32) {
            return RowProduct.floats(s, as, bs, row, k);
        }
        if (type == Type.BF16 && ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN) {
            return RowProduct.brains(s, as, bs, row, k);
        }
        Halves.readZipped(bs, type, row, s, B, k, k);
        return RowProduct.zipped(s, as, B, k);
    }

    /** The products of four rows of a with four of b, as vectors yet to be added up. */
    private static void four(float[] s, int a, int line) {
        FloatVector s00 = Lanes.of(0f);
        FloatVector s01 = Lanes.of(0f);
        FloatVector s02 = Lanes.of(0f);
        FloatVector s03 = Lanes.of(0f);
        FloatVector s10 = Lanes.of(0f);
        FloatVector s11 = Lanes.of(0f);
        FloatVector s12 = Lanes.of(0f);
        FloatVector s13 = Lanes.of(0f);
        FloatVector s20 = Lanes.of(0f);
        FloatVector s21 = Lanes.of(0f);
        FloatVector s22 = Lanes.of(0f);
        FloatVector s23 = Lanes.of(0f);
        FloatVector s30 = Lanes.of(0f);
        FloatVector s31 = Lanes.of(0f);
        FloatVector s32 = Lanes.of(0f);
        FloatVector s33 = Lanes.of(0f);
        for (int l = 0; l < line; l += Lanes.LENGTH) {
            FloatVector b0 = FloatVector.fromArray(Lanes.SPECIES, s, B + l);
            FloatVector b1 = FloatVector.fromArray(Lanes.SPECIES, s, B + line + l);
            FloatVector b2 = FloatVector.fromArray(Lanes.SPECIES, s, B + 2 * line + l);
            FloatVector b3 = FloatVector.fromArray(Lanes.SPECIES, s, B + 3 * line + l);
            FloatVector x = FloatVector.fromArray(Lanes.SPECIES, s, a + l);
            s00 = x.fma(b0, s00);
            s01 = x.fma(b1, s01);
            s02 = x.fma(b2, s02);
            s03 = x.fma(b3, s03);
            x = FloatVector.fromArray(Lanes.SPECIES, s, a + line + l);
            s10 = x.fma(b0, s10);
            s11 = x.fma(b1, s11);
            s12 = x.fma(b2, s12);
            s13 = x.fma(b3, s13);
            x = FloatVector.fromArray(Lanes.SPECIES, s, a + 2 * line + l);
            s20 = x.fma(b0, s20);
            s21 = x.fma(b1, s21);
            s22 = x.fma(b2, s22);
            s23 = x.fma(b3, s23);
            x = FloatVector.fromArray(Lanes.SPECIES, s, a + 3 * line + l);
            s30 = x.fma(b0, s30);
            s31 = x.fma(b1, s31);
            s32 = x.fma(b2, s32);
            s33 = x.fma(b3, s33);
        }
        s00.intoArray(s, 0);
        s01.intoArray(s, Lanes.LENGTH);
        s02.intoArray(s, 2 * Lanes.LENGTH);
        s03.intoArray(s, 3 * Lanes.LENGTH);
        s10.intoArray(s, 4 * Lanes.LENGTH);
        s11.intoArray(s, 5 * Lanes.LENGTH);
        s12.intoArray(s, 6 * Lanes.LENGTH);
        s13.intoArray(s, 7 * Lanes.LENGTH);
        s20.intoArray(s, 8 * Lanes.LENGTH);
        s21.intoArray(s, 9 * Lanes.LENGTH);
        s22.intoArray(s, 10 * Lanes.LENGTH);
        s23.intoArray(s, 11 * Lanes.LENGTH);
        s30.intoArray(s, 12 * Lanes.LENGTH);
        s31.intoArray(s, 13 * Lanes.LENGTH);
        s32.intoArray(s, 14 * Lanes.LENGTH);
        s33.intoArray(s, 15 * Lanes.LENGTH);
    }

    /** The products of two rows of a with four of b, as vectors yet to be added up. */
    private static void two(float[] s, int a, int line) {
        FloatVector s00 = Lanes.of(0f);
        FloatVector s01 = Lanes.of(0f);
        FloatVector s02 = Lanes.of(0f);
        FloatVector s03 = Lanes.of(0f);
        FloatVector s10 = Lanes.of(0f);
        FloatVector s11 = Lanes.of(0f);
        FloatVector s12 = Lanes.of(0f);
        FloatVector s13 = Lanes.of(0f);
        for (int l = 0; l < line; l += Lanes.LENGTH) {
            FloatVector b0 = FloatVector.fromArray(Lanes.SPECIES, s, B + l);
            FloatVector b1 = FloatVector.fromArray(Lanes.SPECIES, s, B + line + l);
            FloatVector b2 = FloatVector.fromArray(Lanes.SPECIES, s, B + 2 * line + l);
            FloatVector b3 = FloatVector.fromArray(Lanes.SPECIES, s, B + 3 * line + l);
            FloatVector x = FloatVector.fromArray(Lanes.SPECIES, s, a + l);
            s00 = x.fma(b0, s00);
            s01 = x.fma(b1, s01);
            s02 = x.fma(b2, s02);
            s03 = x.fma(b3, s03);
            x = FloatVector.fromArray(Lanes.SPECIES, s, a + line + l);
            s10 = x.fma(b0, s10);
            s11 = x.fma(b1, s11);
            s12 = x.fma(b2, s12);
            s13 = x.fma(b3, s13);
        }
        s00.intoArray(s, 0);
        s01.intoArray(s, Lanes.LENGTH);
        s02.intoArray(s, 2 * Lanes.LENGTH);
        s03.intoArray(s, 3 * Lanes.LENGTH);
        s10.intoArray(s, 4 * Lanes.LENGTH);
        s11.intoArray(s, 5 * Lanes.LENGTH);
        s12.intoArray(s, 6 * Lanes.LENGTH);
        s13.intoArray(s, 7 * Lanes.LENGTH);
    }
}
