package dev.wuneng.kernels.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.kernels.op.Fill;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** One form for launches that follow each other. */
class TogetherTest {
    private final Buffer x = Buffer.floats("x", 8);
    private final Buffer y = Buffer.floats("y", 8);
    private final List<int[]> offsets = new ArrayList<>();
    private final List<Launch> together = Launch.together(List.of(Fill.with(1f, x.at(2), 3), Fill.with(2f, y.at(5), 3)),
            () -> new HostForm(1, (from, to, at, scratch) -> offsets.add(at)));

    @Test
    void takesTheirPlaceWithTheirViewsInOrder() {
        Program program = new Program.Builder().addAll(together).add(Fill.with(3f, x.view(), 1)).build("together");
        try (JvmExecutor executor = new JvmExecutor(1); JvmExecutor plain = JvmExecutor.plain(1)) {
            executor.run(program, 0);
            assertEquals(1, offsets.size());
            assertArrayEquals(new int[] {2, 5}, offsets.getFirst());
            assertArrayEquals(new float[] {3, 0, 0, 0, 0, 0, 0, 0}, x.floats().toHeapArray());
            plain.run(program, 0);
            assertArrayEquals(new float[] {3, 0, 1, 1, 1, 0, 0, 0}, x.floats().toHeapArray());
            assertArrayEquals(new float[] {0, 0, 0, 0, 0, 2, 2, 2}, y.floats().toHeapArray());
        }
    }

    @Test
    void aProgramMustNotPartThem() {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
                () -> new Program("parted", List.of(together.get(0), Fill.with(3f, x.view(), 1), together.get(1))));
        assertTrue(e.getMessage().contains("parted"), e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> new Program("cut", together.subList(0, 1)));
    }
}
