package dev.wuneng.kernels.op;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.wuneng.kernels.check.Golden;
import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.JvmExecutor;
import dev.wuneng.kernels.run.Program;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against the logits of the golden file of stage 2: KL is a mean over the mask's tokens, CE one over the labelled tokens. */
class DistillationTest {
    private static final int ROWS = 24;
    private static final int VOCABULARY = 64;

    @Test
    void matchesTheGoldenFile() throws IOException {
        Golden golden = new Golden("/golden/op-distillation.safetensors");
        Buffer student = floats("student", golden.tensor("student_logits"));
        Buffer teacher = floats("teacher", golden.tensor("teacher_logits"));
        Buffer labels = ints("labels", golden.tensor("labels"));
        Buffer mask = ints("mask", golden.tensor("mask"));
        Buffer scales = floats("scales", 1, 1);
        Buffer partial = Buffer.floats("partial", Distillation.partialSize(ROWS, VOCABULARY));
        Buffer stats = Buffer.floats("stats", ROWS * Distillation.STATS);
        Buffer kl = Buffer.floats("kl", ROWS);
        Buffer ce = Buffer.floats("ce", ROWS);
        try (JvmExecutor executor = new JvmExecutor(2)) {
            executor.run(new Program("distillation", Distillation.lossAndGradient(student.view(), teacher.view(), labels.view(), mask.view(),
                    scales.view(), partial.view(), stats.view(), kl.view(), ce.view(), ROWS, VOCABULARY, VOCABULARY, VOCABULARY, 2f)), 0);
        }
        double counted = Arrays.stream(golden.tensor("mask")).sum();
        double labelled = Arrays.stream(golden.tensor("labels")).filter(label -> label >= 0).count();
        assertEquals(golden.tensor("kl")[0], sum(kl) / counted, 1e-5);
        assertEquals(golden.tensor("ce")[0], sum(ce) / labelled, 1e-5);
    }

    /** A few logits are larger by far than all before them: what was summed first must not overflow, nor what is summed later be lost. */
    @ParameterizedTest
    @ValueSource(floats = {1f, 1.5f, 2f})
    void logitsThatGrowAlongARowAreSummedRight(float temperature) {
        float[] plain = run(JvmExecutor.plain(1), temperature);
        float[] host = run(new JvmExecutor(2), temperature);
        // The plain kernel rounds log Σ exp, here about 200, to a float.
        assertArrayEquals(plain, host, 3e-5f);
    }

    /** The gradient of two rows, then their kl and ce relative to 1000. */
    private static float[] run(JvmExecutor executor, float temperature) {
        int tokens = 3000;
        Random random = new Random(5);
        double[] student = random.doubles(2 * tokens).toArray();
        double[] teacher = random.doubles(2 * tokens).toArray();
        student[1500] = 150;
        teacher[1600] = 220;
        teacher[2900] = 221;
        student[tokens + 2999] = 500;
        teacher[tokens + 2999] = 700;
        Buffer logits = floats("student", student);
        Buffer kl = Buffer.floats("kl", 2);
        Buffer ce = Buffer.floats("ce", 2);
        try (executor) {
            executor.run(new Program("distillation", Distillation.lossAndGradient(logits.view(), floats("teacher", teacher).view(),
                    ints("labels", 1500, 7).view(), ints("mask", 1, 1).view(), floats("scales", 1, 1).view(),
                    Buffer.floats("partial", Distillation.partialSize(2, tokens)).view(), Buffer.floats("stats", 2L * Distillation.STATS).view(),
                    kl.view(), ce.view(), 2, tokens, tokens, tokens, temperature)), 0);
        }
        float[] computed = Arrays.copyOf(logits.floats().toHeapArray(), 2 * tokens + 4);
        for (int r = 0; r < 2; r++) {
            computed[2 * tokens + r] = kl.floats().get(r) / 1000;
            computed[2 * tokens + 2 + r] = ce.floats().get(r) / 1000;
        }
        return computed;
    }

    private static double sum(Buffer buffer) {
        double sum = 0;
        for (int i = 0; i < buffer.size(); i++) {
            sum += buffer.floats().get(i);
        }
        return sum;
    }

    private static Buffer floats(String name, double... values) {
        Buffer buffer = Buffer.floats(name, values.length);
        for (int i = 0; i < values.length; i++) {
            buffer.floats().set(i, (float) values[i]);
        }
        return buffer;
    }

    private static Buffer ints(String name, double... values) {
        Buffer buffer = Buffer.ints(name, values.length);
        for (int i = 0; i < values.length; i++) {
            buffer.ints().set(i, (int) values[i]);
        }
        return buffer;
    }
}
