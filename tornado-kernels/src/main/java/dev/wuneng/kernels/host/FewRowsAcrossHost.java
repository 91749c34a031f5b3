package dev.wuneng.kernels.host;

import dev.wuneng.kernels.host.GemmHost.Matrix;
import dev.wuneng.kernels.run.HostForm;
import dev.wuneng.kernels.run.Scratch;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * y = a b (+ bias) for so few rows of a [m, k] that packing b [k, n] of floats would cost more than multiplying: what the low-rank pairs need for a token. Rows of b
 * are read from one end to the other, four at a time, and added, times their elements of a, to a row of sums in the first cache.
 *
 * @param bias [n], or null
 */
record FewRowsAcrossHost(Matrix a, Matrix b, View bias, Matrix y, int m, int n, int k) {
    /** Up to so many rows this is the faster form. */
    private static final int MOST_ROWS = 8;
    private static final int DEPTH = 4;
    /** Columns of an item: a piece of a row that is worth reading by itself. */
    private static final int COLUMNS = 128;

    static boolean suits(int products, Matrix b, int m, int n, int k) {
        return m <= MOST_ROWS && products == 1 && n % Lanes.LENGTH == 0 && k % DEPTH == 0 && !b.view().type().isHalf();
    }

    HostForm form() {
        return new HostForm((n + COLUMNS - 1) / COLUMNS, this::run);
    }

    private void run(int from, int to, int[] at, Scratch scratch) {
        int left = from * COLUMNS;
        int width = Math.min(n, to * COLUMNS) - left;
        float[] s = scratch.floats(width + k);
        for (int i = 0; i < m; i++) {
            if (bias == null) {
                Arrays.fill(s, 0, width, 0f);
            } else {
                MemorySegment.copy(bias.segment(), ValueLayout.JAVA_FLOAT, 4L * (at[3] + left), s, 0, width);
            }
            MemorySegment.copy(a.view().segment(), ValueLayout.JAVA_FLOAT, 4L * (at[0] + i * a.ld()), s, width, k);
            for (int l = 0; l < k; l += DEPTH) {
                addRows(s, width + l, b.view().segment(), at[GemmHost.FLOATS] + l * b.ld() + left, width);
            }
            Lanes.write(s, 0, y.view().segment(), at[bias == null ? 3 : 4] + i * y.ld() + left, width);
        }
    }

    /** Adds four rows of b to the sums. */
    private void addRows(float[] s, int factors, MemorySegment bs, int b0, int width) {
        FloatVector x0 = Lanes.of(s[factors]);
        FloatVector x1 = Lanes.of(s[factors + 1]);
        FloatVector x2 = Lanes.of(s[factors + 2]);
        FloatVector x3 = Lanes.of(s[factors + 3]);
        int ld = b.ld();
        for (int j = 0; j < width; j += Lanes.LENGTH) {
            FloatVector sum = x0.fma(Lanes.load(bs, b0 + j), Lanes.load(s, j));
            sum = x1.fma(Lanes.load(bs, b0 + ld + j), sum);
            sum = x2.fma(Lanes.load(bs, b0 + 2 * ld + j), sum);
            Lanes.store(x3.fma(Lanes.load(bs, b0 + 3 * ld + j), sum), s, j);
        }
    }
}
