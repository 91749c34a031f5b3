package dev.wuneng.kernels.op;

import dev.wuneng.kernels.host.ColumnSumHost;
import dev.wuneng.kernels.run.HostForm;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The second half of every gradient that sums over tokens: an operation writes the sums over blocks of {@link #BLOCK} rows,
 * {@code partial} [blocks, columns], and this adds {@code total_c += Σ_b partial_bc}. In two steps there are enough items for a device,
 * and the order of the sum is fixed.
 */
public final class ColumnSum {
    /** Rows a block. */
    public static final int BLOCK = 64;

    private ColumnSum() {
    }

    /** The number of blocks of a sum over rows. */
    public static int blocks(int rows) {
        return (rows + BLOCK - 1) / BLOCK;
    }

    /** Adds the sums of {@code blocks} partial rows to total. */
    public static Launch accumulate(View partial, View total, int blocks, int columns) {
        return Launch.of("column_sum.accumulate", ColumnSum::columnSumAccumulate, columns, partial, total, blocks, columns)
                .inGroups(ColumnSumGroups.accumulate(columns))
                .onHost(() -> new HostForm(ColumnSumHost.strips(columns), ColumnSumHost.accumulate(partial, total, blocks, columns)));
    }

    /** Writes the sums of blocks of rows of a matrix [rows, columns]: the gradient of a bias, before {@link #accumulate}. */
    public static Launch partial(View matrix, View partial, int rows, int columns) {
        return Launch.of("column_sum.partial", ColumnSum::columnSumPartial, blocks(rows) * columns, matrix, partial, rows, columns, BLOCK)
                .inGroups(ColumnSumGroups.partial(blocks(rows), columns))
                .onHost(() -> new HostForm(blocks(rows) * ColumnSumHost.strips(columns), ColumnSumHost.partial(matrix, partial, rows, columns, BLOCK)));
    }

    public static void columnSumAccumulate(int from, int to, IntArray at, int p, FloatArray partial, FloatArray total, int blocks, int columns) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int c = from + item;
            float sum = 0f;
            for (int b = 0; b < blocks; b++) {
                sum += partial.get(at.get(p) + b * columns + c);
            }
            int t = at.get(p + 1) + c;
            total.set(t, total.get(t) + sum);
        }
    }

    public static void columnSumPartial(int from, int to, IntArray at, int p, FloatArray matrix, FloatArray partial, int rows, int columns, int block) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            int b = i / columns;
            int c = i - b * columns;
            int end = Math.min(rows, (b + 1) * block);
            float sum = 0f;
            for (int r = b * block; r < end; r++) {
                sum += matrix.get(at.get(p) + r * columns + c);
            }
            partial.set(at.get(p + 1) + i, sum);
        }
    }
}
