package dev.wuneng.kernels.check;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.JvmExecutor;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Every operation, forward and backward, against float64: the plain kernels and the forms for the JVM. */
class OpCasesTest {
    /** Both factories run the same objects, as conformance does with one device after another. */
    private static final List<OpCase> CASES = OpCases.all();

    @TestFactory
    Stream<DynamicTest> plainKernels() {
        return CASES.stream().map(c -> DynamicTest.dynamicTest(c.toString(), () -> check(c, JvmExecutor.plain(1))));
    }

    @TestFactory
    Stream<DynamicTest> hostForms() {
        return CASES.stream().map(c -> DynamicTest.dynamicTest(c.toString(), () -> check(c, new JvmExecutor(2))));
    }

    private static void check(OpCase c, Executor executor) {
        try (executor) {
            List<OpCheck.Result> results = OpCheck.run(c, executor, 42);
            assertTrue(!results.isEmpty() && results.stream().allMatch(OpCheck.Result::passed), () -> c + ": "
                    + results.stream().filter(r -> !r.passed()).toList());
        }
    }
}
