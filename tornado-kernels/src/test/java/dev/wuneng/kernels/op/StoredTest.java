package dev.wuneng.kernels.op;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Buffer.Type;
import dev.wuneng.kernels.run.JvmExecutor;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.Program;
import java.util.List;
import java.util.Random;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every half is read as the number that it stands for, by the plain kernels and by the host forms, along rows and across them. */
class StoredTest {
    private static final int HALVES = 1 << 16;
    private static final int WIDTH = 32;

    @ParameterizedTest
    @EnumSource(names = {"BF16", "F16"})
    void everyHalfIsRead(Type type) {
        Buffer w = Buffer.of("w", type, HALVES);
        for (int i = 0; i < HALVES; i++) {
            w.halves().set(i, Float.isFinite(type.value((short) i)) ? (short) i : 0);
        }
        Buffer y = Buffer.floats("y", 2 * HALVES);
        Buffer one = Buffer.floats("one", 2 * WIDTH * WIDTH);
        for (int i = 0; i < WIDTH; i++) {
            one.floats().set(i * WIDTH + i, 1);
        }
        Buffer ids = Buffer.ints("ids", HALVES / WIDTH);
        for (int i = 0; i < ids.size(); i++) {
            ids.ints().set(i, i);
        }
        int rows = HALVES / WIDTH;
        try (JvmExecutor plain = JvmExecutor.plain(2); JvmExecutor host = new JvmExecutor(2)) {
            for (JvmExecutor executor : List.of(plain, host)) {
                check(executor, Embedding.forward(ids.view(), w.view(), y.view(), rows, WIDTH), w, y, i -> i);
                check(executor, LowRank.forward(one.view(), w.view(), y.view(), 1, 1, HALVES), w, y, i -> i);
                check(executor, Linear.backwardInput(one.view(), w.view(), y.view(), 1, HALVES, 1, false), w, y, i -> i);
                for (int few : new int[] {WIDTH, 2 * WIDTH}) {
                    check(executor, Linear.forward(one.view(), w.view(), y.view(), few, WIDTH, rows), w, y, i -> i % rows * WIDTH + i / rows);
                }
            }
        }
    }

    private static void check(JvmExecutor executor, Launch launch, Buffer w, Buffer y, IntUnaryOperator from) {
        for (int i = 0; i < HALVES; i++) {
            y.floats().set(i, Float.NaN);
        }
        executor.run(new Program("read", List.of(launch)), 0);
        for (int i = 0; i < HALVES; i++) {
            // Not the bits: a sum that begins with 0 loses the sign of -0.
            int half = from.applyAsInt(i);
            assertTrue(w.get(half) == y.floats().get(i), () -> launch.name() + " reads half " + half + " wrong");
        }
    }

    /** However many rows there are, and whatever is left behind whole vectors, a matrix of halves gives what the same numbers give as floats, to the bit. */
    @ParameterizedTest
    @EnumSource(names = {"BF16", "F16"})
    void halvesMultiplyAsFloatsDo(Type type) {
        int out = 13;
        Random random = new Random(1);
        try (JvmExecutor host = new JvmExecutor(2)) {
            for (int in : new int[] {7, 40, 107, 235}) {
                Buffer halves = Buffer.of("halves", type, out * in);
                Buffer floats = Buffer.floats("floats", out * in);
                for (int i = 0; i < out * in; i++) {
                    halves.halves().set(i, type.half((float) random.nextGaussian()));
                    floats.floats().set(i, halves.get(i));
                }
                for (int rows : new int[] {1, 2, 5, 33}) {
                    Buffer x = Buffer.floats("x", rows * in);
                    for (int i = 0; i < rows * in; i++) {
                        x.floats().set(i, (float) random.nextGaussian());
                    }
                    Buffer y = Buffer.floats("y", rows * out);
                    Buffer z = Buffer.floats("z", rows * out);
                    host.run(new Program("multiply", List.of(Linear.forward(x.view(), halves.view(), y.view(), rows, in, out),
                            Linear.forward(x.view(), floats.view(), z.view(), rows, in, out))), 0);
                    assertArrayEquals(z.floats().toHeapArray(), y.floats().toHeapArray(), 0f, rows + " rows of " + in);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"BF16", "F16"})
    void roundingKeepsWhatIsAHalf(Type type) {
        for (int i = 0; i < HALVES; i++) {
            float value = type.value((short) i);
            if (Float.isFinite(value)) {
                assertEquals((short) i, type.half(value));
            }
        }
        assertEquals(1f, type.round(1f + (type == Type.BF16 ? 0x1p-9f : 0x1p-12f)));
    }
}
