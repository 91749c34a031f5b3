package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

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
            for (int c = from * STRIP; c < end; c += Lanes.LENGTH) {
                FloatVector sum = sum(rows, at[0] + c, 0, blocks, columns, end - c);
                Lanes.store(Lanes.load(out, at[1] + c, end - c).add(sum), out, at[1] + c, end - c);
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
                for (; c < end; c += Lanes.LENGTH) {
                    FloatVector sum = sum(x, at[0] + c, b * block, Math.min(rows, (b + 1) * block), columns, end - c);
                    Lanes.store(sum, out, at[1] + b * columns + c, end - c);
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

    private static FloatVector sum(MemorySegment x, int x0, int from, int to, int columns, int left) {
        FloatVector sum = Lanes.of(0f);
        for (int r = from; r < to; r++) {
            sum = sum.add(Lanes.load(x, x0 + r * columns, left));
        }
        return sum;
    }
}
