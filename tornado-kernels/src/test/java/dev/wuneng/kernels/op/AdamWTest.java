package dev.wuneng.kernels.op;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.wuneng.kernels.check.Golden;
import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.JvmExecutor;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.Program;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@link AdamW} and {@link GradientNorm} together, over a matrix with weight decay and a vector without. */
class AdamWTest {
    private static final int MATRIX = 35;
    private static final int VECTOR = 5;
    private static final int COUNT = MATRIX + VECTOR;
    private static final float BETA1 = 0.9f;
    private static final float BETA2 = 0.95f;

    private final Buffer params = Buffer.floats("params", COUNT);
    private final Buffer gradients = Buffer.floats("gradients", COUNT);
    private final Buffer m = Buffer.floats("m", COUNT);
    private final Buffer v = Buffer.floats("v", COUNT);
    private final Buffer hyper = Buffer.floats("hyper", AdamW.HYPER);
    private final Buffer norm = Buffer.floats("norm", 2);
    private final Program step;

    AdamWTest() {
        Buffer partial = Buffer.floats("partial", GradientNorm.partials(COUNT));
        step = new Program("step", List.of(
                GradientNorm.partial(gradients.view(), partial.view(), COUNT),
                GradientNorm.combine(partial.view(), norm.view(), GradientNorm.partials(COUNT), 1f),
                update(0, MATRIX, 0.1f), update(MATRIX, VECTOR, 0f)));
    }

    private Launch update(int from, int count, float decay) {
        return AdamW.update(params.at(from), gradients.at(from), m.at(from), v.at(from), hyper.view(), norm.view(), count, BETA1, BETA2, 1e-8f, decay);
    }

    static Stream<Named<Executor>> executors() {
        return Stream.of(Named.of("plain kernels", JvmExecutor.plain(1)), Named.of("forms for the JVM", new JvmExecutor(2)));
    }

    @ParameterizedTest
    @MethodSource("executors")
    void matchesTheGoldenFile(Executor executor) throws IOException {
        Golden golden = new Golden("/golden/op-adamw.safetensors");
        set(params, 0, golden.tensor("w0"));
        set(params, MATRIX, golden.tensor("b0"));
        for (int i = 0; i < 5; i++) {
            set(gradients, 0, golden.tensor("step" + i + ".grad.w"));
            set(gradients, MATRIX, golden.tensor("step" + i + ".grad.b"));
            hyper(i + 1);
            executor.run(step, 0);
            double expected = golden.tensor("step" + i + ".norm")[0];
            assertEquals(expected, norm.floats().get(0), 1e-6 * expected);
            assertArrayEquals(golden.tensor("step" + i + ".w"), values(params, 0, MATRIX), 1e-6);
            assertArrayEquals(golden.tensor("step" + i + ".b"), values(params, MATRIX, VECTOR), 1e-6);
        }
    }

    @ParameterizedTest
    @MethodSource("executors")
    void aGradientThatIsNotFiniteChangesNothing(Executor executor) {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 1e25f}) {
            for (int i = 0; i < COUNT; i++) {
                params.floats().set(i, i);
                gradients.floats().set(i, 1f);
                m.floats().set(i, 0.5f * i);
                v.floats().set(i, 0.25f * i);
            }
            gradients.floats().set(MATRIX + 2, bad);
            hyper(3);
            executor.run(step, 0);
            assertFalse(Float.isFinite(norm.floats().get(0)));
            assertEquals(0f, norm.floats().get(1));
            for (int i = 0; i < COUNT; i++) {
                assertEquals(i, params.floats().get(i));
                assertEquals(0.5f * i, m.floats().get(i));
                assertEquals(0.25f * i, v.floats().get(i));
            }
        }
    }

    private void hyper(int t) {
        FloatArray of = hyper.floats();
        float[] values = AdamW.hyper(0.01, t, BETA1, BETA2);
        for (int i = 0; i < values.length; i++) {
            of.set(i, values[i]);
        }
    }

    private static void set(Buffer buffer, int from, double[] values) {
        for (int i = 0; i < values.length; i++) {
            buffer.floats().set(from + i, (float) values[i]);
        }
    }

    private static double[] values(Buffer buffer, int from, int count) {
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = buffer.floats().get(from + i);
        }
        return values;
    }
}
