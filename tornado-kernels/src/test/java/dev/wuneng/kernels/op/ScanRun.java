package dev.wuneng.kernels.op;

import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.Program;
import java.util.Random;
import java.util.function.IntUnaryOperator;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** A scan with all its buffers, to be filled and run. */
final class ScanRun {
    final int batch;
    final int tokens;
    final int heads;
    final int size;
    final Buffer streams;
    final Buffer initial;
    final Buffer y;
    final Buffer e;
    final Buffer checkpoints;
    final Buffer last;
    final Buffer u;
    final Buffer z;
    final Buffer dy;
    final Buffer dz;
    final Buffer du;
    final Buffer work;
    final Buffer dstreams;
    private final Program forward;
    private final Program backward;

    ScanRun(int batch, int tokens, int heads, int size) {
        this.batch = batch;
        this.tokens = tokens;
        this.heads = heads;
        this.size = size;
        int vectors = batch * tokens * heads * size;
        streams = Buffer.floats("streams", 6 * vectors);
        initial = Buffer.floats("initial", batch * heads * size * size);
        y = Buffer.floats("y", vectors);
        e = Buffer.floats("e", vectors);
        checkpoints = Buffer.floats("checkpoints", StateScan.checkpointsSize(batch, tokens, heads, size));
        last = Buffer.floats("last", initial.size());
        u = Buffer.floats("u", vectors);
        z = Buffer.floats("z", vectors);
        dy = Buffer.floats("dy", vectors);
        dz = Buffer.floats("dz", vectors);
        du = Buffer.floats("du", vectors);
        work = Buffer.floats("work", StateScanBackward.workSize(batch, tokens, heads, size));
        dstreams = Buffer.floats("dstreams", 6 * vectors);
        forward = new Program.Builder()
                .add(StateScan.forward(streams.view(), initial.view(), y.view(), e.view(), checkpoints.view(), batch, tokens, heads, size))
                .add(StateScan.readout(streams.view(), e.view(), checkpoints.view(), u.view(), z.view(), batch, tokens, heads, size))
                .add(StateScan.last(checkpoints.view(), last.view(), batch, tokens, heads, size)).build("forward");
        backward = new Program.Builder()
                .add(StateScanBackward.readout(streams.view(), e.view(), checkpoints.view(), dz.view(), du.view(), batch, tokens, heads, size))
                .addAll(StateScanBackward.gradients(streams.view(), e.view(), checkpoints.view(), u.view(), dy.view(), dz.view(), work.view(),
                        dstreams.view(), batch, tokens, heads, size)).build("backward");
    }

    ScanRun forward(Executor executor) {
        executor.run(forward, 0);
        return this;
    }

    ScanRun backward(Executor executor) {
        executor.run(backward, 0);
        return this;
    }

    /** Fills all inputs as a model would: 0.545 &lt; w &lt; 1, κ̂ of length 1, b = κ̂ ⊙ a, and w = b = 0 where {@code pos} of a row is 0. */
    ScanRun fill(long seed, IntUnaryOperator pos) {
        Random random = new Random(seed);
        float[] token = new float[6 * size];
        for (int n = 0; n < batch * tokens * heads; n++) {
            float keep = pos.applyAsInt(n / heads) == 0 ? 0 : 1;
            double squares = 0;
            for (int i = 0; i < token.length; i++) {
                token[i] = (float) random.nextGaussian();
                squares += i / size == 1 ? token[i] * token[i] : 0;
            }
            for (int j = 0; j < size; j++) {
                token[j] = keep * (float) Math.exp(-0.6065 * random.nextDouble());
                token[size + j] /= (float) Math.sqrt(squares);
                token[2 * size + j] = keep * token[size + j] * random.nextFloat();
            }
            for (int i = 0; i < token.length; i++) {
                streams.floats().set(n * token.length + i, token[i]);
            }
        }
        for (Buffer buffer : new Buffer[] {u, dy, dz}) {
            for (int i = 0; i < buffer.size(); i++) {
                buffer.floats().set(i, (float) random.nextGaussian());
            }
        }
        return this;
    }

    /** Elements of a buffer of [batch · tokens, width]: rows {@code from} to {@code to - 1}. */
    static float[] rows(Buffer buffer, int from, int to, int width) {
        FloatArray all = buffer.floats();
        float[] part = new float[(to - from) * width];
        for (int i = 0; i < part.length; i++) {
            part[i] = all.get(from * width + i);
        }
        return part;
    }

    /** Copies rows of one scan's buffers into another's. */
    void take(ScanRun other, int from, int to, int at) {
        int width = heads * size;
        copy(other.streams, streams, from * 6 * width, at * 6 * width, (to - from) * 6 * width);
        copy(other.u, u, from * width, at * width, (to - from) * width);
        copy(other.dy, dy, from * width, at * width, (to - from) * width);
        copy(other.dz, dz, from * width, at * width, (to - from) * width);
    }

    private static void copy(Buffer source, Buffer target, int from, int to, int count) {
        for (int i = 0; i < count; i++) {
            target.floats().set(to + i, source.floats().get(from + i));
        }
    }
}
