package dev.wuneng.kernels.check;

import dev.wuneng.kernels.check.OpCase.Tensor;
import dev.wuneng.kernels.op.CrossEntropy;
import dev.wuneng.kernels.op.Distillation;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Cases of the losses over a vocabulary. */
final class LossCases {
    private static final int IGNORED = -100;

    private LossCases() {
    }

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        cases.add(crossEntropy(1, 8, 8, 1));
        cases.add(crossEntropy(15, 33, 31, 1));
        cases.add(crossEntropy(17, 64, 64, 30));
        cases.add(crossEntropy(3, 1030, 1025, 3));
        cases.add(crossEntropyLoss(17, 64, 61));
        cases.add(crossEntropyLoss(3, 2100, 2050));
        cases.add(distillation(1, 8, 8, 8, 1, 2f));
        cases.add(distillation(15, 33, 40, 31, 1, 2f));
        cases.add(distillation(17, 64, 64, 64, 20, 1f));
        cases.add(distillation(3, 1030, 1040, 1025, 3, 3f));
        cases.add(distillation(3, 70, 67, 65, 3, 1.5f));
        return cases;
    }

    /** Labels of seeded random tokens, the last token for row 1, and a third of the rows masked. */
    private static int[] labels(int rows, int tokens) {
        Random random = new Random(rows);
        int[] labels = new int[rows];
        Arrays.setAll(labels, r -> r % 3 == 2 ? IGNORED : r == 1 ? tokens - 1 : random.nextInt(tokens));
        return labels;
    }

    private static double logSumExp(double[] x, int from, int size, double temperature) {
        double sum = 0;
        for (int j = 0; j < size; j++) {
            sum += Math.exp(x[from + j] / temperature);
        }
        return Math.log(sum);
    }

    private static double crossEntropy(double[] logits, int from, int tokens, int label) {
        return label < 0 ? 0 : logSumExp(logits, from, tokens, 1) - logits[from + label];
    }

    static OpCase crossEntropy(int rows, int width, int tokens, double spread) {
        OpCase c = new OpCase("cross_entropy", "rows=" + rows + " width=" + width + " tokens=" + tokens + " spread=" + spread);
        int[] label = labels(rows, tokens);
        Tensor logits = c.updated("logits", rows * width).filled(x -> spread * x);
        Tensor labels = c.ints("labels", label);
        Tensor scale = c.input("scale", 1);
        View partial = c.scratch("partial", CrossEntropy.partialSize(rows, tokens));
        View lse = c.scratch("lse", rows);
        Tensor loss = c.output("loss", rows);
        c.reference(v -> {
            for (int r = 0; r < rows; r++) {
                int row = r * width;
                int of = label[r];
                v.out(loss)[r] = crossEntropy(v.in(logits), row, tokens, of);
                double[] gradient = Differences.gradient(v.in(logits), row, width, x -> v.in(scale)[0] * crossEntropy(x, row, tokens, of));
                System.arraycopy(gradient, 0, v.out(logits), row, width);
            }
        });
        return c.forward(CrossEntropy.lossAndGradient(logits.view(), labels.view(), scale.view(), partial, lse, loss.view(), rows, width, tokens)
                .toArray(Launch[]::new));
    }

    private static OpCase crossEntropyLoss(int rows, int width, int tokens) {
        OpCase c = new OpCase("cross_entropy.loss", "rows=" + rows + " width=" + width + " tokens=" + tokens);
        int[] label = labels(rows, tokens);
        Tensor logits = c.input("logits", rows * width).filled(x -> 5 * x);
        Tensor labels = c.ints("labels", label);
        View partial = c.scratch("partial", CrossEntropy.partialSize(rows, tokens));
        View lse = c.scratch("lse", rows);
        Tensor loss = c.output("loss", rows);
        c.reference(v -> Arrays.setAll(v.out(loss), r -> crossEntropy(v.in(logits), r * width, tokens, label[r])));
        return c.forward(CrossEntropy.loss(logits.view(), labels.view(), partial, lse, loss.view(), rows, width, tokens).toArray(Launch[]::new));
    }

    private static double divergence(double[] student, int s0, double[] teacher, int t0, int tokens, double temperature) {
        double s = logSumExp(student, s0, tokens, temperature);
        double t = logSumExp(teacher, t0, tokens, temperature);
        double sum = 0;
        for (int j = 0; j < tokens; j++) {
            double logP = teacher[t0 + j] / temperature - t;
            sum += Math.exp(logP) * (logP - student[s0 + j] / temperature + s);
        }
        return temperature * temperature * sum;
    }

    private static OpCase distillation(int rows, int studentWidth, int teacherWidth, int tokens, double spread, float temperature) {
        OpCase c = new OpCase("distillation", "rows=" + rows + " widths=" + studentWidth + "/" + teacherWidth + " tokens=" + tokens
                + " spread=" + spread + " temperature=" + temperature);
        int[] label = labels(rows, tokens);
        int[] counts = new int[rows];
        Arrays.setAll(counts, r -> r % 4 == 3 ? 0 : 1);
        Tensor student = c.updated("student", rows * studentWidth).filled(x -> spread * x);
        Tensor teacher = c.input("teacher", rows * teacherWidth).filled(x -> spread * x + 2);
        Tensor labels = c.ints("labels", label);
        Tensor mask = c.ints("mask", counts);
        Tensor scales = c.input("scales", 2);
        View partial = c.scratch("partial", Distillation.partialSize(rows, tokens));
        View stats = c.scratch("stats", rows * Distillation.STATS);
        Tensor kl = c.output("kl", rows);
        Tensor ce = c.output("ce", rows);
        c.reference(v -> {
            for (int r = 0; r < rows; r++) {
                int s0 = r * studentWidth;
                int t0 = r * teacherWidth;
                int of = label[r];
                int counted = counts[r];
                v.out(kl)[r] = counted * divergence(v.in(student), s0, v.in(teacher), t0, tokens, temperature);
                v.out(ce)[r] = crossEntropy(v.in(student), s0, tokens, of);
                double[] gradient = Differences.gradient(v.in(student), s0, studentWidth,
                        x -> v.in(scales)[0] * counted * divergence(x, s0, v.in(teacher), t0, tokens, temperature)
                                + v.in(scales)[1] * crossEntropy(x, s0, tokens, of));
                System.arraycopy(gradient, 0, v.out(student), s0, studentWidth);
            }
        });
        return c.forward(Distillation.lossAndGradient(student.view(), teacher.view(), labels.view(), mask.view(), scales.view(), partial, stats,
                kl.view(), ce.view(), rows, studentWidth, teacherWidth, tokens, temperature).toArray(Launch[]::new));
    }
}
