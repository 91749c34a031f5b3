package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@link dev.wuneng.kernels.op.ColumnSum} in vectors, a strip of columns an item: the rows of a strip stay in the cache's lines. */
public final class ColumnSumHost {
    /** Columns an item, four vectors of the widest kind. */
    private static final int STRIP = 64;

    private ColumnSumHost() {
    }

    public static int strips(int columns) {
        return (columns + STRIP - 1) / STRIP;
    }

    /** Items are strips. */
    public static HostBody accumulate(View partial, View total, int blocks, int columns) {
        return (from, to, at, scratch) -> {
            MemorySegment rows = partial.segment();
            MemorySegment out = total.segment();
            int end = (int) Math.min(columns, (long) to * STRIP);
            int c = from * STRIP;
            for (; c + Lanes.LENGTH <= end; c += Lanes.LENGTH) {
                Lanes.store(Lanes.load(out, at[1] + c).add(sum(rows, at[0] + c, 0, blocks, columns)), out, at[1] + c);
            }
            for (; c < end; c++) {
                total.floats().set(at[1] + c, total.floats().get(at[1] + c) + sum(partial.floats(), at[0] + c, 0, blocks, columns));
            }
        };
    }

    /** Items are (block of rows, strip). */
    public static HostBody partial(View matrix, View partial, int rows, int columns, int block) {
        int strips = strips(columns);
        return (from, to, at, scratch) -> {
            MemorySegment x = matrix.segment();
            MemorySegment out = partial.segment();
            for (int i = from; i < to; i++) {
                int b = i / strips;
                int first = (i - b * strips) * STRIP;
                int end = Math.min(columns, first + STRIP);
                int c = first;
                for (; c + 4 * Lanes.LENGTH <= end; c += 4 * Lanes.LENGTH) {
                    sumFour(x, at[0] + c, b * block, Math.min(rows, (b + 1) * block), columns, out, at[1] + b * columns + c);
                }
                for (; c + Lanes.LENGTH <= end; c += Lanes.LENGTH) {
                    Lanes.store(sum(x, at[0] + c, b * block, Math.min(rows, (b + 1) * block), columns), out, at[1] + b * columns + c);
                }
                for (; c < end; c++) {
                    partial.floats().set(at[1] + b * columns + c, sum(matrix.floats(), at[0] + c, b * block, Math.min(rows, (b + 1) * block), columns));
                }
            }
        };
    }

    /** Four vectors side by side, so that a row's neighbouring cache lines are fetched together. */
    private static void sumFour(MemorySegment x, int x0, int from, int to, int columns, MemorySegment out, int out0) {
        FloatVector sum0 = Lanes.of(0f);
        FloatVector sum1 = Lanes.of(0f);
        FloatVector sum2 = Lanes.of(0f);
        FloatVector sum3 = Lanes.of(0f);
        for (int r = from; r < to; r++) {
            int row = x0 + r * columns;
            sum0 = sum0.add(Lanes.load(x, row));
            sum1 = sum1.add(Lanes.load(x, row + Lanes.LENGTH));
            sum2 = sum2.add(Lanes.load(x, row + 2 * Lanes.LENGTH));
            sum3 = sum3.add(Lanes.load(x, row + 3 * Lanes.LENGTH));
        }
        Lanes.store(sum0, out, out0);
        Lanes.store(sum1, out, out0 + Lanes.LENGTH);
        Lanes.store(sum2, out, out0 + 2 * Lanes.LENGTH);
        Lanes.store(sum3, out, out0 + 3 * Lanes.LENGTH);
    }

    private static FloatVector sum(MemorySegment x, int x0, int from, int to, int columns) {
        FloatVector sum = Lanes.of(0f);
        for (int r = from; r < to; r++) {
            sum = sum.add(Lanes.load(x, x0 + r * columns));
        }
        return sum;
    }

    /** The last columns, fewer than a vector holds. */
    private static float sum(FloatArray x, int x0, int from, int to, int columns) {
        float sum = 0f;
        for (int r = from; r < to; r++) {
            sum += x.get(x0 + r * columns);
        }
        return sum;
    }
}
