package dev.wuneng.training.golden;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.JvmExecutor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Every golden file through the code that users run, with the plain kernels and with those for the JVM. */
class GoldenTest {
    @TestFactory
    Stream<DynamicTest> hostForms() throws IOException {
        return files().stream().map(f -> DynamicTest.dynamicTest(f.getFileName().toString(), () -> check(f, new JvmExecutor(2))));
    }

    @TestFactory
    Stream<DynamicTest> plainKernels() throws IOException {
        return files().stream().map(f -> DynamicTest.dynamicTest(f.getFileName().toString(), () -> check(f, JvmExecutor.plain(2))));
    }

    private static List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("src/test/resources/golden"))) {
            return files.filter(f -> f.toString().endsWith(".safetensors")).sorted().toList();
        }
    }

    private static void check(Path file, Executor executor) {
        try (executor) {
            GoldenReport report = GoldenFile.check(file, executor);
            assertTrue(report.passed(), () -> report.lines().toString());
        }
    }
}
