package dev.wuneng.kernels.check;

import dev.wuneng.kernels.check.OpCase.Tensor;
import dev.wuneng.kernels.op.ColumnSum;
import dev.wuneng.kernels.op.StateStreams;
import dev.wuneng.kernels.op.Summary;
import dev.wuneng.kernels.op.TokenShift;
import dev.wuneng.kernels.run.View;
import java.util.ArrayList;
import java.util.List;

/** Cases of what goes into the state and of the summary that comes out. */
final class StateCases {
    private StateCases() {
    }

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        cases.add(streams(1, 1, 1, 1, 8));
        cases.add(streams(2, 15, 4, 3, 8));
        cases.add(streams(1, 17, 100, 2, 16));
        cases.add(streams(1, 7, 3, 1, 33));
        cases.add(streams(1, 65, 20, 1, 10));
        cases.add(streams(2, 9, 4, 2, 12));
        cases.add(streams(1, 70, 9, 2, 48));
        cases.add(streams(2, 11, 5, 3, 64));
        cases.add(streams(1, 3, 2, 1, 128));
        cases.add(summary(1, 1, 8));
        cases.add(summary(15, 3, 8));
        cases.add(summary(17, 2, 33));
        cases.add(summary(65, 1, 16));
        cases.add(summary(70, 3, 48));
        cases.add(summary(70, 3, 64));
        cases.add(summary(3, 1, 128));
        return cases;
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    /** The streams with the shifts that write v and r into their records, and read the gradients of these there. */
    static OpCase streams(int batch, int tokens, int segment, int heads, int size) {
        int rows = batch * tokens;
        int width = heads * size;
        OpCase c = new OpCase("state_streams", "batch=" + batch + " tokens=" + tokens + " segment=" + segment + " heads=" + heads + "x" + size);
        Tensor q = c.input("q", rows * width);
        Tensor values = c.input("v", rows * size).accumulates();
        Tensor mix = c.input("mix", width).accumulates();
        Tensor k = c.input("k", rows * width);
        Tensor lw = c.input("lw", rows * width).filled(x -> 3 * x - 1);
        Tensor la = c.input("la", rows * width);
        Tensor kk = c.input("k_k", width).accumulates();
        Tensor ka = c.input("k_a", width).accumulates();
        int[] positions = ShiftCases.positions(batch, tokens, segment);
        Tensor pos = c.ints("pos", positions);
        Tensor streams = c.output("streams", rows * width * 6);
        Tensor g = c.output("g", rows * width).constant();
        Tensor a = c.output("a", rows * width).constant();
        c.reference(x -> {
            for (int n = 0; n < rows * heads; n++) {
                int row = n / heads;
                boolean begins = positions[row] == 0;
                double squares = 0;
                for (int j = 0; j < size; j++) {
                    squares += Math.pow(x.in(k)[n * size + j] * x.in(kk)[n % heads * size + j], 2);
                }
                for (int j = 0; j < size; j++) {
                    double share = x.in(mix)[n % heads * size + j];
                    double v = x.in(values)[row * size + j] * (1 - share) + (begins ? 0 : x.in(values)[(row - 1) * size + j] * share);
                    double r = x.in(q)[n * size + j] * (1 - share) + (begins ? 0 : x.in(q)[n * size - width + j] * share);
                    double gate = sigmoid(x.in(lw)[n * size + j]);
                    double rate = sigmoid(x.in(la)[n * size + j]);
                    double key = x.in(k)[n * size + j];
                    double removal = key * x.in(kk)[n % heads * size + j] / Math.max(Math.sqrt(squares), 1e-12);
                    double[] vectors = {begins ? 0 : Math.exp(-Math.exp(-0.5) * gate), removal, begins ? 0 : removal * rate,
                            key * (1 + (rate - 1) * x.in(ka)[n % heads * size + j]), v, r};
                    for (int i = 0; i < 6; i++) {
                        x.out(streams)[(n * 6 + i) * size + j] = vectors[i];
                    }
                    x.out(g)[n * size + j] = gate;
                    x.out(a)[n * size + j] = rate;
                }
            }
        });
        int stride = StateStreams.VECTORS * size;
        c.forward(TokenShift.forward(q.view(), mix.view(), pos.view(), streams.view().plus(StateStreams.R * size), rows, heads, heads, size, stride),
                TokenShift.forward(values.view(), mix.view(), pos.view(), streams.view().plus(StateStreams.V * size), rows, heads, 1, size, stride),
                StateStreams.forward(k.view(), lw.view(), la.view(), kk.view(), ka.view(), pos.view(), streams.view(), g.view(), a.view(), rows, heads, size));
        View dp = c.scratch("dp", rows * width);
        int blocks = ColumnSum.blocks(rows);
        View partial = c.scratch("partial", 2 * blocks * width);
        View dr = streams.grad().plus(StateStreams.R * size);
        View dv = streams.grad().plus(StateStreams.V * size);
        return c.backward(
                StateStreams.backwardGates(k.view(), g.view(), a.view(), ka.view(), pos.view(), streams.view(), streams.grad(), lw.grad(), la.grad(),
                        rows, heads, size),
                StateStreams.backwardKey(k.view(), a.view(), kk.view(), ka.view(), pos.view(), streams.grad(), k.grad(), dp, rows, heads, size),
                StateStreams.backwardScales(k.view(), a.view(), dp, streams.grad(), partial, rows, heads, size),
                ColumnSum.accumulate(partial, kk.grad(), blocks, width),
                ColumnSum.accumulate(partial.plus(blocks * width), ka.grad(), blocks, width),
                TokenShift.backwardInput(mix.view(), pos.view(), dr, q.grad(), rows, heads, heads, size, stride, false),
                TokenShift.backwardInput(mix.view(), pos.view(), dv, values.grad(), rows, heads, 1, size, stride, true),
                TokenShift.backwardMix(q.view(), pos.view(), dr, partial, rows, heads, heads, size, stride),
                ColumnSum.accumulate(partial, mix.grad(), blocks, width),
                TokenShift.backwardMix(values.view(), pos.view(), dv, partial, rows, heads, 1, size, stride),
                ColumnSum.accumulate(partial, mix.grad(), blocks, width));
    }

    private static OpCase summary(int rows, int heads, int size) {
        int width = heads * size;
        float eps = 64e-5f;
        OpCase c = new OpCase("summary", "rows=" + rows + " heads=" + heads + "x" + size);
        Tensor y = c.input("y", rows * width);
        Tensor weight = c.input("weight", width).accumulates();
        Tensor bias = c.input("bias", width).accumulates();
        Tensor streams = c.input("streams", rows * width * 6).accumulates();
        Tensor rk = c.input("r_k", width).accumulates();
        Tensor s = c.output("s", rows * width);
        Tensor stats = c.output("stats", rows * heads * 3).constant();
        c.reference(v -> {
            for (int n = 0; n < rows * heads; n++) {
                double mean = 0;
                double squares = 0;
                double bonus = 0;
                int k0 = (n * 6 + 3) * size;
                for (int j = 0; j < size; j++) {
                    mean += v.in(y)[n * size + j] / size;
                    bonus += v.in(streams)[k0 + j] * v.in(streams)[k0 + 2 * size + j] * v.in(rk)[n % heads * size + j];
                }
                for (int j = 0; j < size; j++) {
                    squares += Math.pow(v.in(y)[n * size + j] - mean, 2) / size;
                }
                double scale = 1 / Math.sqrt(squares + eps);
                for (int j = 0; j < size; j++) {
                    int i = n % heads * size + j;
                    v.out(s)[n * size + j] = (v.in(y)[n * size + j] - mean) * scale * v.in(weight)[i] + v.in(bias)[i]
                            + bonus * v.in(streams)[k0 + size + j];
                }
                v.out(stats)[n * 3] = mean;
                v.out(stats)[n * 3 + 1] = scale;
                v.out(stats)[n * 3 + 2] = bonus;
            }
        });
        View dc = c.scratch("dc", rows * heads);
        int blocks = ColumnSum.blocks(rows);
        View partial = c.scratch("partial", 3 * blocks * width);
        c.forward(Summary.forward(y.view(), weight.view(), bias.view(), streams.view(), rk.view(), s.view(), stats.view(), rows, heads, size, eps));
        return c.backward(Summary.backwardReadout(y.view(), weight.view(), stats.view(), s.grad(), y.grad(), rows, heads, size),
                Summary.backwardBonus(streams.view(), rk.view(), stats.view(), s.grad(), streams.grad(), dc, rows, heads, size),
                Summary.backwardWeights(y.view(), streams.view(), stats.view(), s.grad(), dc, partial, rows, heads, size),
                ColumnSum.accumulate(partial, weight.grad(), blocks, width),
                ColumnSum.accumulate(partial.plus(blocks * width), bias.grad(), blocks, width),
                ColumnSum.accumulate(partial.plus(2 * blocks * width), rk.grad(), blocks, width));
    }
}
