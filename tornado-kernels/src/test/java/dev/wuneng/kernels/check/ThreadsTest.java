package dev.wuneng.kernels.check;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.wuneng.kernels.run.JvmExecutor;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The number of threads changes no bit. */
class ThreadsTest {
    @TestFactory
    Stream<DynamicTest> anyNumberOfThreadsGivesTheSameBits() {
        return OpCases.all().stream().map(c -> DynamicTest.dynamicTest(c.toString(), () -> {
            Map<String, float[]> alone = run(c, 1);
            for (int threads = 2; threads <= 3; threads++) {
                run(c, threads).forEach((name, values) -> assertArrayEquals(alone.get(name), values, name));
            }
        }));
    }

    private static Map<String, float[]> run(OpCase c, int threads) {
        try (JvmExecutor executor = new JvmExecutor(threads)) {
            return CaseRun.of(c, executor, 7);
        }
    }
}
