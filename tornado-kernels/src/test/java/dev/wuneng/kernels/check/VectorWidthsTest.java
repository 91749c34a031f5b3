package dev.wuneng.kernels.check;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.wuneng.kernels.check.OpCase.Tensor;
import dev.wuneng.kernels.check.OpCase.Tensor.Role;
import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.JvmExecutor;
import dev.wuneng.kernels.run.Program;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
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
        List<OpCase> plainCases = OpCases.all();
        List<OpCase> hostCases = OpCases.all();
        try (JvmExecutor plain = JvmExecutor.plain(1); JvmExecutor host = new JvmExecutor(1)) {
            for (int i = 0; i < plainCases.size(); i++) {
                Map<String, double[]> expected = run(plainCases.get(i), plain);
                for (Map.Entry<String, double[]> computed : run(hostCases.get(i), host).entrySet()) {
                    double error = Tolerance.error(computed.getValue(), expected.get(computed.getKey()));
                    if (!(error <= Tolerance.GRADIENT.relative())) {
                        System.out.println(plainCases.get(i) + ": " + computed.getKey() + " differs by " + error);
                        status = 1;
                    }
                }
            }
        }
        System.exit(status);
    }

    /** Runs a case on seeded values, forward and backward, and gives what it computes. */
    private static Map<String, double[]> run(OpCase c, JvmExecutor executor) {
        Random random = new Random(7);
        for (Tensor tensor : c.tensors) {
            boolean shaped = tensor.role == Role.INPUT || tensor.role == Role.UPDATED;
            for (int i = OpCase.GUARD; i < OpCase.GUARD + tensor.size; i++) {
                double value = random.nextGaussian();
                if (tensor.ints != null) {
                    tensor.buffer.ints().set(i, tensor.ints[i - OpCase.GUARD]);
                } else {
                    tensor.buffer.set(i, (float) (shaped ? tensor.filling.of(i - OpCase.GUARD, value) : value));
                }
                tensor.gradient.floats().set(i, (float) random.nextGaussian());
            }
        }
        executor.run(new Program(c.name, c.forward), 0);
        executor.run(new Program(c.name, c.backward), 0);
        Map<String, double[]> computed = new LinkedHashMap<>();
        for (Tensor tensor : c.tensors) {
            if (tensor.role == Role.OUTPUT || tensor.role == Role.UPDATED) {
                computed.put(tensor.name, read(tensor.buffer, tensor.size));
            } else if (tensor.role == Role.INPUT && tensor.differentiable && !c.backward.isEmpty()) {
                computed.put("d " + tensor.name, read(tensor.gradient, tensor.size));
            }
        }
        return computed;
    }

    private static double[] read(Buffer buffer, int size) {
        double[] contents = new double[size];
        for (int i = 0; i < size; i++) {
            contents[i] = buffer.floats().get(OpCase.GUARD + i);
        }
        return contents;
    }
}
