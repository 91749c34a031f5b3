package dev.wuneng.kernels.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.wuneng.kernels.op.ColumnSum;
import dev.wuneng.kernels.op.ScaledAdd;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RowBlocksTest {
    private static final int WIDTH = 32;

    @Test
    void computesWhatTheLaunchesComputeOneAfterTheOther() {
        for (int rows : new int[] {1, 16, 64, 65, 150}) {
            Result alone = new Result(rows);
            Result inTurn = new Result(rows);
            try (JvmExecutor plain = JvmExecutor.plain(1); JvmExecutor fast = new JvmExecutor(2)) {
                plain.run(new Program.Builder().addAll(alone.ofRows).addAll(alone.ofBlocks).build("alone"), 0);
                List<Launch> together = RowBlocks.inTurn(inTurn.ofRows, inTurn.ofBlocks, rows, ColumnSum.BLOCK);
                assertEquals(3, together.getFirst().together().size());
                fast.run(new Program.Builder().addAll(together).build("in turn"), 0);
            }
            assertArrayEquals(alone.values(), inTurn.values(), 1e-4f, rows + " rows");
        }
    }

    /** y = x + f x, then z = f y, then the sums of y z over blocks of rows. */
    private static final class Result {
        private final Buffer z;
        private final Buffer partial;
        final List<Launch> ofRows;
        final List<Launch> ofBlocks;

        Result(int rows) {
            Buffer x = Buffer.floats("x", (long) rows * WIDTH);
            Buffer y = Buffer.floats("y", x.size());
            Buffer f = Buffer.floats("f", WIDTH);
            z = Buffer.floats("z", x.size());
            partial = Buffer.floats("partial", (long) ColumnSum.blocks(rows) * WIDTH);
            IntStream.range(0, x.size()).forEach(i -> x.floats().set(i, (float) Math.sin(i)));
            IntStream.range(0, WIDTH).forEach(i -> f.floats().set(i, (float) Math.cos(i)));
            ofRows = List.of(ScaledAdd.forward(x.view(), f.view(), x.view(), y.view(), rows, WIDTH, 1),
                    ScaledAdd.scaled(f.view(), y.view(), z.view(), rows, WIDTH, 1));
            ofBlocks = List.of(ScaledAdd.backwardScale(y.view(), z.view(), partial.view(), rows, WIDTH, 1));
        }

        float[] values() {
            float[] values = new float[z.size() + partial.size()];
            IntStream.range(0, z.size()).forEach(i -> values[i] = z.get(i));
            IntStream.range(0, partial.size()).forEach(i -> values[z.size() + i] = partial.get(i));
            return values;
        }
    }
}
