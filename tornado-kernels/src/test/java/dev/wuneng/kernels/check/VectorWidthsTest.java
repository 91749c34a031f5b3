package dev.wuneng.kernels.check;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.wuneng.kernels.run.JvmExecutor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The host forms are right with narrower vectors than this processor's. How wide vectors are is settled when a JVM starts, so each width
 * runs in a JVM of its own, against the plain kernels.
 */
class VectorWidthsTest {
    @ParameterizedTest
    @ValueSource(ints = {16, 32})
    void narrowVectorsAreRight(int bytes) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:MaxVectorSize=" + bytes, "--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-Xmx1g",
                "-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                VectorWidthsTest.class.getName(), Integer.toString(bytes)).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
    }

    /** Compares every case; exits with 1 where one differs, and with 2 where the vectors are wider than asked for. */
    public static void main(String[] args) {
        int status = FloatVector.SPECIES_PREFERRED.vectorByteSize() <= Integer.parseInt(args[0]) ? 0 : 2;
        try (JvmExecutor plain = JvmExecutor.plain(1); JvmExecutor host = new JvmExecutor(1)) {
            for (OpCase c : OpCases.all()) {
                Map<String, float[]> expected = CaseRun.of(c, plain, 7);
                for (Map.Entry<String, float[]> computed : CaseRun.of(c, host, 7).entrySet()) {
                    double error = Tolerance.error(doubles(computed.getValue()), doubles(expected.get(computed.getKey())));
                    if (!(error <= Tolerance.GRADIENT.relative())) {
                        System.out.println(c + ": " + computed.getKey() + " differs by " + error);
                        status = 1;
                    }
                }
            }
        }
        System.exit(status);
    }

    private static double[] doubles(float[] values) {
        double[] doubles = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            doubles[i] = values[i];
        }
        return doubles;
    }
}
