package dev.wuneng.training.golden;

import dev.wuneng.kernels.check.Tolerance;
import dev.wuneng.kernels.op.AdamW;
import dev.wuneng.kernels.op.GradientNorm;
import dev.wuneng.kernels.op.StateScan;
import dev.wuneng.kernels.op.StateScanBackward;
import dev.wuneng.kernels.op.StateStreams;
import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.kernels.run.View;
import dev.wuneng.model.checkpoint.Safetensors;
import dev.wuneng.model.checkpoint.Tensor;
import java.util.List;

/** Golden files of single operations: steps of AdamW with clipping, and the state scan with both readouts. */
final class GoldenOps {
    private GoldenOps() {
    }

    static void adamW(Safetensors file, Executor executor, GoldenReport report) {
        List<String> names = List.of("w", "b");
        View[] params = new View[2];
        View[] gradients = new View[2];
        View norm = Buffer.floats("norm", 2).view();
        View hyper = Buffer.floats("hyper", AdamW.HYPER).view();
        float beta1 = number(file, "beta1");
        float beta2 = number(file, "beta2");
        View partial = Buffer.floats("partial", 2L * GradientNorm.partials(1 << 20)).view();
        Program.Builder update = new Program.Builder();
        int partials = 0;
        for (int i = 0; i < 2; i++) {
            Tensor start = file.get(names.get(i) + "0");
            int size = (int) start.size();
            params[i] = upload(start, executor);
            gradients[i] = Buffer.floats("gradient", size).view();
            update.add(GradientNorm.partial(gradients[i], partial.plus(partials), size));
            partials += GradientNorm.partials(size);
        }
        update.add(GradientNorm.combine(partial, norm, partials, number(file, "clip_norm")));
        for (int i = 0; i < 2; i++) {
            int size = params[i].buffer().size();
            update.add(AdamW.update(params[i], gradients[i], Buffer.floats("m", size).view(), Buffer.floats("v", size).view(), hyper, norm, size,
                    beta1, beta2, number(file, "eps"), number(file, "weight_decay_" + names.get(i))));
        }
        Program step = update.build("adamw");
        executor.prepare(List.of(step));
        for (int s = 0; file.has("step" + s + ".grad.w"); s++) {
            float[] values = AdamW.hyper(number(file, "lr"), s + 1, beta1, beta2);
            for (int i = 0; i < values.length; i++) {
                hyper.floats().set(i, values[i]);
            }
            executor.upload(hyper.buffer());
            for (int i = 0; i < 2; i++) {
                file.get("step" + s + ".grad." + names.get(i)).copyTo(gradients[i].segment());
                executor.upload(gradients[i].buffer());
            }
            executor.run(step, 0);
            compare(report, "step" + s + ".norm", norm, executor, Tolerance.FORWARD);
            for (int i = 0; i < 2; i++) {
                compare(report, "step" + s + "." + names.get(i), params[i], executor, Tolerance.FORWARD);
            }
        }
    }

    static void stateScan(Safetensors file, Executor executor, GoldenReport report) {
        int[] shape = file.get("w").shape();
        int batch = shape[0];
        int tokens = shape[1];
        int heads = shape[2];
        int n = shape[3];
        int size = batch * tokens * heads * n;
        View streams = streams(file, size, n, executor);
        View u = upload(file.get("u"), executor);
        View dy = upload(file.get("dy"), executor);
        View dz = upload(file.get("dz"), executor);
        View initial = floats((long) batch * heads * n * n);
        View y = floats(size);
        View e = floats(size);
        View z = floats(size);
        View du = floats(size);
        View last = floats((long) batch * heads * n * n);
        View checkpoints = floats(StateScan.checkpointsSize(batch, tokens, heads, n));
        View work = floats(StateScanBackward.workSize(batch, tokens, heads, n));
        View dStreams = floats((long) size * StateStreams.VECTORS);
        Program scan = new Program.Builder()
                .add(StateScan.forward(streams, initial, y, e, checkpoints, batch, tokens, heads, n))
                .add(StateScan.readout(streams, e, checkpoints, u, z, batch, tokens, heads, n))
                .add(StateScan.last(checkpoints, last, batch, tokens, heads, n))
                .add(StateScanBackward.readout(streams, e, checkpoints, dz, du, batch, tokens, heads, n))
                .addAll(StateScanBackward.gradients(streams, e, checkpoints, u, dy, dz, work, dStreams, batch, tokens, heads, n))
                .build("state_scan");
        executor.prepare(List.of(scan));
        executor.run(scan, 0);
        compare(report, "y", y, executor, Tolerance.FORWARD);
        compare(report, "z", z, executor, Tolerance.FORWARD);
        compare(report, "state_last", last, executor, Tolerance.FORWARD);
        compare(report, "du", du, executor, Tolerance.GRADIENT);
        executor.download(dStreams.buffer());
        streamGradients(file, dStreams, size, n, report);
    }

    /** The file's own vectors in the layout of {@link StateStreams}; where a segment begins, w and b are zero there. */
    private static View streams(Safetensors file, int size, int n, Executor executor) {
        double[] w = file.get("w").doubles();
        double[] removal = file.get("kk").doubles();
        double[] rate = file.get("a").doubles();
        double[] k = file.get("k").doubles();
        double[] v = file.get("v").doubles();
        double[] r = file.get("r").doubles();
        int[] start = file.get("start").ints();
        int perToken = size / start.length;
        View streams = floats((long) size * StateStreams.VECTORS);
        for (int i = 0; i < size; i++) {
            boolean begins = start[i / perToken] != 0;
            double[] vectors = {begins ? 0 : w[i], removal[i], begins ? 0 : removal[i] * rate[i], k[i], v[i], r[i]};
            for (int s = 0; s < vectors.length; s++) {
                streams.floats().set((i / n * StateStreams.VECTORS + s) * n + i % n, (float) vectors[s]);
            }
        }
        executor.upload(streams.buffer());
        return streams;
    }

    /** From the gradients of the streams to those of the file's vectors, with b = κ̂ ⊙ a undone by the product rule. */
    private static void streamGradients(Safetensors file, View dStreams, int size, int n, GoldenReport report) {
        double[] removal = file.get("kk").doubles();
        double[] rate = file.get("a").doubles();
        int[] start = file.get("start").ints();
        int perToken = size / start.length;
        double[][] d = new double[6][size];
        for (int i = 0; i < size; i++) {
            double[] g = new double[StateStreams.VECTORS];
            for (int s = 0; s < g.length; s++) {
                g[s] = dStreams.floats().get((i / n * StateStreams.VECTORS + s) * n + i % n);
            }
            double through = start[i / perToken] != 0 ? 0 : 1;
            d[0][i] = through * g[0];
            d[1][i] = g[1] + through * g[2] * rate[i];
            d[2][i] = through * g[2] * removal[i];
            d[3][i] = g[3];
            d[4][i] = g[4];
            d[5][i] = g[5];
        }
        List<String> names = List.of("dw", "dkk", "da", "dk", "dv", "dr");
        for (int s = 0; s < names.size(); s++) {
            report.add(names.get(s), 1, names.get(s), Tolerance.error(d[s], file.get(names.get(s)).doubles()), Tolerance.GRADIENT);
        }
    }

    private static void compare(GoldenReport report, String name, View view, Executor executor, Tolerance tolerance) {
        executor.download(view.buffer());
        report.tensor(name, view, 0, tolerance);
    }

    private static View upload(Tensor tensor, Executor executor) {
        View view = floats(tensor.size());
        tensor.copyTo(view.segment());
        executor.upload(view.buffer());
        return view;
    }

    private static View floats(long size) {
        return Buffer.floats("golden", size).view();
    }

    private static float number(Safetensors file, String key) {
        return Float.parseFloat(file.metadata().get(key));
    }
}
