package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.Buffer.Type;
import dev.wuneng.kernels.run.HostForm;
import dev.wuneng.kernels.run.Scratch;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * y = a bᵀ (+ bias) for so few rows of a [m, k] that packing b [n, k] would cost more than multiplying: what generating a token needs. b may be stored in half precision. Four rows of b are
 * read at a time, each once from memory, and every row of a is multiplied with them.
 *
 * @param bias [n], or null
 */
public record FewRowsHost(View a, View b, View bias, View y, int m, int n, int k) {
    /** Up to so many rows this is the faster form. */
    public static final int MOST_ROWS = 8;
    private static final int COLUMNS = 4;

    /** Items are groups of four columns of y. */
    public HostForm form() {
        return new HostForm((n + COLUMNS - 1) / COLUMNS, this::run);
    }

    private void run(int from, int to, int[] at, Scratch scratch) {
        MemorySegment as = a.segment();
        MemorySegment bs = b.segment();
        float[] sums = scratch.floats(COLUMNS);
        int b0 = at[b.type().isHalf() ? GemmHost.HALVES : GemmHost.FLOATS];
        int y0 = at[bias == null ? 3 : 4];
        for (int item = from; item < to; item++) {
            int j = item * COLUMNS;
            for (int i = 0; i < m; i++) {
                products(as, at[0] + i * k, bs, b0, j, sums);
                for (int c = 0; c < COLUMNS && j + c < n; c++) {
                    float start = bias == null ? 0f : bias.floats().get(at[3] + j + c);
                    y.floats().set(y0 + i * n + j + c, start + sums[c]);
                }
            }
        }
    }

    /** The products of one row with four rows of b from row j on; beyond the last, with the last again. */
    private void products(MemorySegment as, int a0, MemorySegment bs, int b0, int j, float[] sums) {
        Type type = b.type();
        int r0 = b0 + j * k;
        int r1 = b0 + Math.min(j + 1, n - 1) * k;
        int r2 = b0 + Math.min(j + 2, n - 1) * k;
        int r3 = b0 + Math.min(j + 3, n - 1) * k;
        FloatVector s0 = Lanes.of(0f);
        FloatVector s1 = Lanes.of(0f);
        FloatVector s2 = Lanes.of(0f);
        FloatVector s3 = Lanes.of(0f);
        int whole = Lanes.whole(k);
        for (int l = 0; l < whole; l += Lanes.LENGTH) {
            FloatVector x = Lanes.load(as, a0 + l);
            s0 = x.fma(Halves.load(bs, type, r0 + l), s0);
            s1 = x.fma(Halves.load(bs, type, r1 + l), s1);
            s2 = x.fma(Halves.load(bs, type, r2 + l), s2);
            s3 = x.fma(Halves.load(bs, type, r3 + l), s3);
        }
        if (whole < k) {
            int left = k - whole;
            FloatVector x = Lanes.load(as, a0 + whole, left);
            s0 = x.fma(Halves.load(bs, type, r0 + whole, left), s0);
            s1 = x.fma(Halves.load(bs, type, r1 + whole, left), s1);
            s2 = x.fma(Halves.load(bs, type, r2 + whole, left), s2);
            s3 = x.fma(Halves.load(bs, type, r3 + whole, left), s3);
        }
        sums[0] = Lanes.sum(s0);
        sums[1] = Lanes.sum(s1);
        sums[2] = Lanes.sum(s2);
        sums[3] = Lanes.sum(s3);
    }
}
