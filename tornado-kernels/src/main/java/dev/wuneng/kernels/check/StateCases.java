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
        cases.add(shiftedStreams(2, 9, 4, 2, 12));
        cases.add(streams(1, 70, 9, 2, 48));
        cases.add(summary(1, 1, 8));
        cases.add(summary(15, 3, 8));
        cases.add(summary(17, 2, 33));
        cases.add(summary(65, 1, 16));
        cases.add(summary(70, 3, 48));
        return cases;
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    static OpCase streams(int batch, int tokens, int segment, int heads, int size) {
        int rows = batch * tokens;
        int width = heads * size;
        OpCase c = new OpCase("state_streams", "batch=" + batch + " tokens=" + tokens + " segment=" + segment + " heads=" + heads + "x" + size);
        // The gradients of r and v are parts of the gradient of streams, and shiftedStreams reads them there.
        Tensor r = c.input("r", rows * width).constant();
        Tensor k = c.input("k", rows * width);
        Tensor v = c.input("v", rows * width).constant();
        Tensor lw = c.input("lw", rows * width).filled(x -> 3 * x - 1);
        Tensor la = c.input("la", rows * width);
        Tensor kk = c.input("k_k", width).accumulates();
        Tensor ka = c.input("k_a", width).accumulates();
        int[] positions = ShiftCases.positions(batch, tokens, segment);
        Tensor pos = c.ints("pos", positions);
        Tensor streams = c.output("streams", rows * width * 6);
        c.reference(x -> {
            for (int n = 0; n < rows * heads; n++) {
                boolean begins = positions[n / heads] == 0;
                double squares = 0;
                for (int j = 0; j < size; j++) {
                    squares += Math.pow(x.in(k)[n * size + j] * x.in(kk)[n % heads * size + j], 2);
                }
                for (int j = 0; j < size; j++) {
                    double a = sigmoid(x.in(la)[n * size + j]);
                    double key = x.in(k)[n * size + j];
                    double removal = key * x.in(kk)[n % heads * size + j] / Math.max(Math.sqrt(squares), 1e-12);
                    double[] vectors = {begins ? 0 : Math.exp(-Math.exp(-0.5) * sigmoid(x.in(lw)[n * size + j])), removal, begins ? 0 : removal * a,
                            key * (1 + (a - 1) * x.in(ka)[n % heads * size + j]), x.in(v)[n * size + j], x.in(r)[n * size + j]};
                    for (int q = 0; q < 6; q++) {
                        x.out(streams)[(n * 6 + q) * size + j] = vectors[q];
                    }
                }
            }
        });
        View dp = c.scratch("dp", rows * width);
        int blocks = ColumnSum.blocks(rows);
        View partial = c.scratch("partial", 2 * blocks * width);
        c.forward(StateStreams.forward(r.view(), k.view(), v.view(), lw.view(), la.view(), kk.view(), ka.view(), pos.view(), streams.view(),
                rows, heads, size));
        return c.backward(
                StateStreams.backwardGates(k.view(), lw.view(), la.view(), ka.view(), pos.view(), streams.view(), streams.grad(), lw.grad(), la.grad(),
                        rows, heads, size),
                StateStreams.backwardKey(k.view(), la.view(), kk.view(), ka.view(), pos.view(), streams.grad(), k.grad(), dp, rows, heads, size),
                StateStreams.backwardScales(k.view(), la.view(), dp, streams.grad(), partial, rows, heads, size),
                ColumnSum.accumulate(partial, kk.grad(), blocks, width),
                ColumnSum.accumulate(partial.plus(blocks * width), ka.grad(), blocks, width));
    }

    /** Shifted r and v on their way into the streams: their gradients come out of the records of the streams. */
    private static OpCase shiftedStreams(int batch, int tokens, int segment, int heads, int size) {
        int rows = batch * tokens;
        int width = heads * size;
        OpCase c = new OpCase("state_streams.shifted", "batch=" + batch + " tokens=" + tokens + " segment=" + segment + " heads=" + heads + "x" + size);
        Tensor q = c.input("q", rows * width);
        Tensor values = c.input("v", rows * size).accumulates();
        Tensor mix = c.input("mix", width).accumulates();
        Tensor rest = c.input("rest", rows * width).constant();
        Tensor scale = c.input("scale", width).constant();
        int[] positions = ShiftCases.positions(batch, tokens, segment);
        Tensor pos = c.ints("pos", positions);
        Tensor r = c.output("r", rows * width).constant();
        Tensor v = c.output("v~", rows * width).constant();
        Tensor streams = c.output("streams", rows * width * 6);
        c.reference(x -> {
            for (int n = 0; n < rows * width; n++) {
                int row = n / width;
                int i = n % width;
                double qBefore = positions[row] == 0 ? 0 : x.in(q)[n - width];
                double vNow = x.in(values)[row * size + i % size];
                double vBefore = positions[row] == 0 ? 0 : x.in(values)[(row - 1) * size + i % size];
                x.out(r)[n] = x.in(q)[n] + x.in(mix)[i] * (qBefore - x.in(q)[n]);
                x.out(v)[n] = vNow + x.in(mix)[i] * (vBefore - vNow);
                int at = (n / size * 6 + StateStreams.V) * size + n % size;
                x.out(streams)[at] = x.out(v)[n];
                x.out(streams)[at + size] = x.out(r)[n];
            }
            restOfStreams(x.in(rest), x.in(scale), positions, x.out(streams), rows, heads, size);
        });
        View partial = c.scratch("partial", ColumnSum.blocks(rows) * width);
        View dr = streams.grad().plus(StateStreams.R * size);
        View dv = streams.grad().plus(StateStreams.V * size);
        int stride = StateStreams.VECTORS * size;
        c.forward(TokenShift.forward(q.view(), mix.view(), pos.view(), r.view(), rows, heads, heads, size),
                TokenShift.forward(values.view(), mix.view(), pos.view(), v.view(), rows, heads, 1, size),
                StateStreams.forward(r.view(), rest.view(), v.view(), rest.view(), rest.view(), scale.view(), scale.view(), pos.view(), streams.view(),
                        rows, heads, size));
        return c.backward(TokenShift.backwardInput(mix.view(), pos.view(), dr, q.grad(), rows, heads, heads, size, stride, false),
                TokenShift.backwardInput(mix.view(), pos.view(), dv, values.grad(), rows, heads, 1, size, stride, true),
                TokenShift.backwardMix(q.view(), pos.view(), dr, partial, rows, heads, heads, size, stride),
                ColumnSum.accumulate(partial, mix.grad(), ColumnSum.blocks(rows), width),
                TokenShift.backwardMix(values.view(), pos.view(), dv, partial, rows, heads, 1, size, stride),
                ColumnSum.accumulate(partial, mix.grad(), ColumnSum.blocks(rows), width));
    }

    /** The first four vectors where k, lw and la are one and k_k and k_a are one. */
    private static void restOfStreams(double[] x, double[] scale, int[] positions, double[] streams, int rows, int heads, int size) {
        for (int n = 0; n < rows * heads; n++) {
            double keep = positions[n / heads] == 0 ? 0 : 1;
            double squares = 0;
            for (int j = 0; j < size; j++) {
                squares += Math.pow(x[n * size + j] * scale[n % heads * size + j], 2);
            }
            for (int j = 0; j < size; j++) {
                double key = x[n * size + j];
                double factor = scale[n % heads * size + j];
                int at = n * 6 * size + j;
                streams[at] = keep * Math.exp(-Math.exp(-0.5) * sigmoid(key));
                streams[at + size] = key * factor / Math.sqrt(squares);
                streams[at + 2 * size] = keep * streams[at + size] * sigmoid(key);
                streams[at + 3 * size] = key * (1 + (sigmoid(key) - 1) * factor);
            }
        }
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
