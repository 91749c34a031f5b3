package dev.wuneng.kernels.check;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.GroupSimulation;
import dev.wuneng.kernels.run.JvmExecutor;
import dev.wuneng.kernels.run.VectorSimulation;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Every operation, forward and backward, against float64: the plain kernels, the forms for the JVM, and those for devices of TornadoVM. */
class OpCasesTest {
    /** All factories run the same objects, as conformance does with one device after another. */
    private static final List<OpCase> CASES = OpCases.all();

    @TestFactory
    Stream<DynamicTest> plainKernels() {
        return CASES.stream().map(c -> DynamicTest.dynamicTest(c.toString(), () -> check(c, JvmExecutor.plain(1))));
    }

    @TestFactory
    Stream<DynamicTest> hostForms() {
        return CASES.stream().map(c -> DynamicTest.dynamicTest(c.toString(), () -> check(c, new JvmExecutor(2))));
    }

    /** A thread an item takes its time, so without the largest: 64 groups a launch at most. */
    @TestFactory
    Stream<DynamicTest> formsForWorkGroups() {
        return CASES.stream().filter(c -> c.launches().anyMatch(launch -> launch.groupForm() != null))
                .filter(c -> c.launches().allMatch(launch -> launch.groupForm() == null || launch.groupForm().groups() <= 64))
                .map(c -> DynamicTest.dynamicTest(c.toString(), () -> check(c, new GroupSimulation())));
    }

    /** TornadoVM's vectors are objects on the JVM, slow and right. */
    @TestFactory
    Stream<DynamicTest> formsInVectors() {
        return CASES.stream().filter(c -> c.launches().anyMatch(launch -> launch.vectorForm() != null))
                .map(c -> DynamicTest.dynamicTest(c.toString(), () -> check(c, new VectorSimulation())));
    }

    private static void check(OpCase c, Executor executor) {
        try (executor) {
            List<OpCheck.Result> results = OpCheck.run(c, executor, 42);
            assertTrue(!results.isEmpty() && results.stream().allMatch(OpCheck.Result::passed), () -> c + ": "
                    + results.stream().filter(r -> !r.passed()).toList());
        }
    }
}
