package dev.wuneng.kernels.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.kernels.run.JvmExecutor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A JVM that was started without the Vector API's module runs every operation, on the plain kernels, and says that it is slow. */
class WithoutVectorsTest {
    @Test
    void plainKernelsNeedNoVectorApi() throws IOException, InterruptedException {
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-Xmx1g",
                "-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                WithoutVectorsTest.class.getName()).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        assertTrue(output.contains("--add-modules jdk.incubator.vector"), output);
    }

    /** Checks one case of each operation; exits with 1 where one fails. */
    public static void main(String[] args) {
        Set<String> seen = new HashSet<>();
        int status = 0;
        try (JvmExecutor executor = new JvmExecutor(1)) {
            System.out.println(executor.device());
            for (OpCase c : OpCases.all()) {
                if (!seen.add(c.name)) {
                    continue;
                }
                List<OpCheck.Result> failed = OpCheck.run(c, executor, 42).stream().filter(result -> !result.passed()).toList();
                if (!failed.isEmpty()) {
                    System.out.println(c + ": " + failed);
                    status = 1;
                }
            }
        }
        System.exit(status);
    }
}
