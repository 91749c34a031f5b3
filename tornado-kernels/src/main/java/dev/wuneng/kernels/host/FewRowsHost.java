package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.Buffer.Type;
import dev.wuneng.kernels.run.HostForm;
import dev.wuneng.kernels.run.Scratch;
import dev.wuneng.kernels.run.View;
import jdk.incubator.vector.FloatVector;

/**
 * y = a bᵀ (+ bias) for so few rows of a [m, k] that packing b [n, k] would cost more than multiplying: what generating a token or reading a short prompt
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
 * @param bias [n], or null
 */
public record FewRowsHost(View a, View b, View bias, View y, int m, int n, int k) {
    /** Up to so many rows this is the faster form. */
    public static final int MOST_ROWS = 32;
    private static final int COLUMNS = 4;
    /** Sixteen sums, four vectors of b and one of a need a register file of 32, which comes with vectors of 512 bits. */
    private static final int ROWS = Lanes.LENGTH == 16 ? 4 : 2;
    private static final int SUMS = ROWS * COLUMNS;
    /** Where the rows of b begin, behind the sums. */
    private static final int B = SUMS * Lanes.LENGTH;
    /** Items are groups of four columns of y. */
    public HostForm form() {
        return new HostForm((n + COLUMNS - 1) / COLUMNS, this::run);
    }

    private void run(int from, int to, int[] at, Scratch scratch) {
        Type type = b.type();
        int line = 2 * Lanes.roundUp((k + 1) / 2);
        int as = B + COLUMNS * line;
        float[] s = scratch.floats(as + (m + ROWS - 1) * line);
        boolean zipped = m > 1 || type.isHalf();
        for (int i = 0; i < m; i++) {
            if (zipped) {
                Halves.readZipped(a.segment(), Type.F32, at[0] + i * k, s, as + i * line, k, line);
            } else {
                Lanes.read(a.segment(), at[0], s, as, k, 0f);
            }
        }
        int b0 = at[type.isHalf() ? GemmHost.HALVES : GemmHost.FLOATS];
        int y0 = at[bias == null ? 3 : 4];
        int last = Math.min(n, to * COLUMNS);
        if (m == 1) {
            for (int j = from * COLUMNS; j < last; j++) {
                put(single(s, as, b0 + j * k), 0, j, at, y0);
            }
            return;
        }
        for (int j = from * COLUMNS; j < last; j += COLUMNS) {
            for (int c = 0; c < COLUMNS; c++) {
                Halves.readZipped(b.segment(), type, b0 + Math.min(j + c, n - 1) * k, s, B + c * line, k, line);
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
                        put(s[r * COLUMNS + c], i + r, j + c, at, y0);
                    }
                }
            }
        }
    }

    /** The product of the only row of a with a row of b. */
    private float single(float[] s, int as, int row) {
        return switch (b.type()) {
            case F32 -> RowProduct.floats(s, as, b.segment(), row, k);
            case BF16 -> RowProduct.brains(s, as, b.segment(), row, k);
            default -> {
                Halves.readZipped(b.segment(), b.type(), row, s, B, k, k);
                yield RowProduct.zipped(s, as, B, k);
            }
        };
    }

    private void put(float product, int i, int j, int[] at, int y0) {
        float start = bias == null ? 0f : bias.floats().get(at[3] + j);
        y.floats().set(y0 + i * n + j, start + product);
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
