package dev.wuneng.kernels.check;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.wuneng.kernels.check.OpCase.Tensor;
import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.JvmExecutor;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.Program;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Every operation gives the same bits on one thread, two and three. */
class ThreadCountTest {
    @TestFactory
    Stream<DynamicTest> sameBits() {
        return OpCases.all().stream().map(c -> DynamicTest.dynamicTest(c.toString(), () -> {
            List<Buffer> buffers = fill(c);
            int[][] first = bits(buffers);
            int[][] host = run(c, buffers, first, new JvmExecutor(1));
            assertArrayEquals(host, run(c, buffers, first, new JvmExecutor(2)));
            assertArrayEquals(host, run(c, buffers, first, new JvmExecutor(3)));
            assertArrayEquals(run(c, buffers, first, JvmExecutor.plain(1)), run(c, buffers, first, JvmExecutor.plain(3)));
        }));
    }

    /** Fills all tensors and gradients with seeded values, and lists the buffers of floats. */
    private static List<Buffer> fill(OpCase c) {
        Random random = new Random(7);
        List<Buffer> buffers = new ArrayList<>();
        for (Tensor tensor : c.tensors) {
            for (int i = 0; i < tensor.size; i++) {
                if (tensor.ints != null) {
                    tensor.buffer.ints().set(OpCase.GUARD + i, tensor.ints[i]);
                } else {
                    boolean shaped = tensor.role == Tensor.Role.INPUT || tensor.role == Tensor.Role.UPDATED;
                    double value = random.nextGaussian();
                    tensor.buffer.floats().set(OpCase.GUARD + i, (float) (shaped ? tensor.shape.applyAsDouble(value) : value));
                    tensor.gradient.floats().set(OpCase.GUARD + i, (float) random.nextGaussian());
                }
            }
            if (tensor.ints == null) {
                buffers.add(tensor.buffer);
                buffers.add(tensor.gradient);
            }
        }
        return buffers;
    }

    /** What the buffers hold after a case's launches, begun from the same contents. */
    private static int[][] run(OpCase c, List<Buffer> buffers, int[][] first, Executor executor) {
        for (int b = 0; b < first.length; b++) {
            for (int i = 0; i < first[b].length; i++) {
                buffers.get(b).floats().set(i, Float.intBitsToFloat(first[b][i]));
            }
        }
        List<Launch> launches = new ArrayList<>(c.forward);
        launches.addAll(c.backward);
        try (executor) {
            executor.run(new Program(c.name, launches), 0);
        }
        return bits(buffers);
    }

    private static int[][] bits(List<Buffer> buffers) {
        int[][] bits = new int[buffers.size()][];
        for (int b = 0; b < bits.length; b++) {
            FloatArray floats = buffers.get(b).floats();
            bits[b] = IntStream.range(0, buffers.get(b).size()).map(i -> Float.floatToIntBits(floats.get(i))).toArray();
        }
        return bits;
    }
}
