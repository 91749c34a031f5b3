package dev.wuneng.kernels.check;

import dev.wuneng.kernels.check.OpCase.Tensor;
import dev.wuneng.kernels.op.AlignLoss;
import dev.wuneng.kernels.op.ColumnSum;
import dev.wuneng.kernels.op.GateBand;
import dev.wuneng.kernels.run.View;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntUnaryOperator;

/** Cases of the losses of the alignment stage. */
final class AlignCases {
    private AlignCases() {
    }

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        for (int rows : new int[] {1, 15, 17, 65}) {
            cases.add(alignLoss(rows, 33));
        }
        cases.add(alignLoss(3, 64));
        cases.add(alignedAlready(5, 16));
        cases.add(gateBand(1, 1, 8, r -> 1, 0.1f, 0.9f));
        cases.add(gateBand(17, 3, 8, r -> r % 5 == 1 ? 0 : 1, 0.6f, 0.9f));
        cases.add(gateBand(65, 2, 16, r -> r < 64 ? r % 2 : 0, 0.1f, 0.2f));
        cases.add(gateBand(130, 1, 64, r -> r / 64 == 1 ? 0 : 1, 0.45f, 0.5f));
        cases.add(gateBand(15, 2, 8, r -> 0, 0.1f, 0.9f));
        return cases;
    }

    private static OpCase alignLoss(int rows, int width) {
        OpCase c = new OpCase("align_loss", "rows=" + rows + " width=" + width);
        int[] counts = new int[rows];
        Arrays.setAll(counts, r -> r % 4 == 2 ? 0 : 1);
        Tensor a = c.input("a", rows * width);
        Tensor t = c.input("t", rows * width);
        Tensor mask = c.ints("mask", counts);
        Tensor scale = c.input("scale", 1);
        Tensor loss = c.output("loss", rows);
        Tensor da = c.output("da", rows * width);
        c.reference(v -> {
            for (int r = 0; r < rows; r++) {
                int row = r * width;
                int counted = counts[r];
                v.out(loss)[r] = counted * distance(v.in(a), v.in(t), row, width);
                double[] gradient = Differences.gradient(v.in(a), row, width, x -> v.in(scale)[0] * counted * distance(x, v.in(t), row, width));
                System.arraycopy(gradient, 0, v.out(da), row, width);
            }
        });
        return c.forward(AlignLoss.lossAndGradient(a.view(), t.view(), mask.view(), scale.view(), loss.view(), da.view(), rows, width));
    }

    /** Where the student is the teacher there is no direction, and no gradient. */
    private static OpCase alignedAlready(int rows, int width) {
        OpCase c = new OpCase("align_loss", "rows=" + rows + " width=" + width + " no distance");
        int[] counts = new int[rows];
        Arrays.fill(counts, 1);
        Tensor a = c.input("a", rows * width).filled(x -> 0.5);
        Tensor t = c.input("t", rows * width).filled(x -> 0.5);
        Tensor mask = c.ints("mask", counts);
        Tensor scale = c.input("scale", 1);
        Tensor loss = c.output("loss", rows);
        Tensor da = c.output("da", rows * width);
        c.reference(v -> { });
        return c.forward(AlignLoss.lossAndGradient(a.view(), t.view(), mask.view(), scale.view(), loss.view(), da.view(), rows, width));
    }

    private static double distance(double[] a, double[] t, int from, int width) {
        double squares = 0;
        for (int j = from; j < from + width; j++) {
            squares += (a[j] - t[j]) * (a[j] - t[j]);
        }
        return Math.sqrt(squares / width);
    }

    private static OpCase gateBand(int rows, int heads, int n, IntUnaryOperator counted, float low, float high) {
        int[] counts = new int[rows];
        Arrays.setAll(counts, counted);
        OpCase c = new OpCase("gate_band", "rows=" + rows + " heads=" + heads + " n=" + n + " tokens=" + Arrays.stream(counts).sum()
                + " band=" + low + "…" + high);
        Tensor g = c.input("g", rows * heads * n).filled(x -> 1 / (1 + Math.exp(-x)));
        Tensor mask = c.ints("mask", counts);
        Tensor scale = c.input("scale", 1);
        View partial = c.scratch("partial", ColumnSum.blocks(rows) * heads * GateBand.PARTIAL);
        Tensor stats = c.output("stats", heads * GateBand.STATS);
        Tensor dg = c.updated("dg", rows * heads * n);
        c.reference(v -> {
            for (int h = 0; h < heads; h++) {
                double[] own = gates(v.in(g), counts, heads, n, h);
                double mean = Arrays.stream(own).average().orElse(0);
                v.out(stats)[h * GateBand.STATS] = mean;
                v.out(stats)[h * GateBand.STATS + 1] = Math.sqrt(Arrays.stream(own).map(x -> (x - mean) * (x - mean)).average().orElse(0));
                v.out(stats)[h * GateBand.STATS + 2] = band(own, low, high);
                double slope = own.length == 0 ? 0 : Differences.gradient(own, 0, 1, x -> band(x, low, high))[0];
                v.out(stats)[h * GateBand.STATS + 3] = slope;
                for (int i = 0; i < rows * n; i++) {
                    int e = (i / n * heads + h) * n + i % n;
                    v.out(dg)[e] = v.in(dg)[e] + v.in(scale)[0] * slope * counts[i / n];
                }
            }
        });
        return c.forward(GateBand.partial(g.view(), mask.view(), partial, rows, heads, n),
                GateBand.combine(partial, stats.view(), rows, heads, n, low, high),
                GateBand.backward(stats.view(), mask.view(), scale.view(), dg.view(), rows, heads, n));
    }

    /** The gates of a head at the tokens that count. */
    private static double[] gates(double[] g, int[] counts, int heads, int n, int head) {
        List<Double> gates = new ArrayList<>();
        for (int i = 0; i < counts.length * n; i++) {
            if (counts[i / n] != 0) {
                gates.add(g[(i / n * heads + head) * n + i % n]);
            }
        }
        return gates.stream().mapToDouble(Double::doubleValue).toArray();
    }

    private static double band(double[] gates, double low, double high) {
        double mean = Arrays.stream(gates).average().orElse((low + high) / 2);
        return Math.pow(Math.max(0, mean - high), 2) + Math.pow(Math.max(0, low - mean), 2);
    }
}
