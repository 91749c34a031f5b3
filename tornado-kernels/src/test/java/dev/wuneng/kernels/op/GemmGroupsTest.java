package dev.wuneng.kernels.op;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.wuneng.kernels.host.GemmHost.Layout;
import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Buffer.Type;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.GroupSimulation;
import dev.wuneng.kernels.run.JvmExecutor;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.Program;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The large tiles for accelerators give the bits of the plain kernel: both add the terms of an element in order. Cases have them only at sizes that take too long to simulate. */
class GemmGroupsTest {
    private static final int M = 131;
    private static final int N = 150;
    private static final int K = 37;

    static Stream<Arguments> layouts() {
        return Stream.of(Layout.values()).flatMap(layout -> Stream.of(Type.F32, Type.BF16, Type.F16)
                .flatMap(type -> Stream.of(4, 8).map(side -> Arguments.of(layout, type, side))));
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void givesTheBitsOfThePlainKernel(Layout layout, Type type, int side) {
        Buffer a = random(Type.F32, M * K);
        Buffer b = random(type, N * K);
        Buffer bias = random(Type.F32, N);
        Buffer y = Buffer.floats("y", M * N);
        for (boolean accumulate : new boolean[] {false, true}) {
            same(y, Gemm.product("product", layout, a.view(), b.view(), y.view(), M, N, K, accumulate).inGroups(GemmGroups.product(M, N, side)));
        }
        same(y, Gemm.productBias("product", layout, a.view(), b.view(), bias.view(), y.view(), M, N, K).inGroups(GemmGroups.productBias(M, N, side)));
    }

    private static void same(Buffer y, Launch launch) {
        float[] plain = run(y, launch, JvmExecutor.plain(1));
        float[] groups = run(y, launch, new GroupSimulation());
        for (int i = 0; i < plain.length; i++) {
            assertEquals(plain[i], groups[i], "element " + i);
        }
    }

    private static float[] run(Buffer y, Launch launch, Executor executor) {
        for (int i = 0; i < y.size(); i++) {
            y.floats().set(i, i);
        }
        try (executor) {
            executor.run(new Program("product", List.of(launch)), 0);
        }
        float[] copy = new float[y.size()];
        for (int i = 0; i < copy.length; i++) {
            copy[i] = y.floats().get(i);
        }
        return copy;
    }

    private static Buffer random(Type type, int size) {
        Random random = new Random(size);
        Buffer buffer = Buffer.of("random", type, size);
        for (int i = 0; i < size; i++) {
            buffer.set(i, (float) random.nextGaussian());
        }
        return buffer;
    }
}
