package dev.wuneng.kernels.op;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.wuneng.kernels.check.Golden;
import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.JvmExecutor;
import dev.wuneng.kernels.run.Program;
import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

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
