package dev.wuneng.kernels.check;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.JvmExecutor;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Every operation gives the same bits on one thread, two and three, with the plain kernels and with the forms for the JVM. */
class ThreadCountTest {
    @TestFactory
    Stream<DynamicTest> sameBits() {
        return IntStream.range(0, OpCases.all().size()).mapToObj(i -> DynamicTest.dynamicTest(OpCases.all().get(i).toString(), () -> {
            Object[] alone = outcome(i, new JvmExecutor(1));
            assertArrayEquals(alone, outcome(i, new JvmExecutor(2)));
            assertArrayEquals(alone, outcome(i, new JvmExecutor(3)));
            assertArrayEquals(outcome(i, JvmExecutor.plain(1)), outcome(i, JvmExecutor.plain(3)));
        }));
    }

    private static Object[] outcome(int number, Executor executor) {
        try (executor) {
            return OpCheck.outcome(OpCases.all().get(number), executor, 7).toArray();
        }
    }
}
