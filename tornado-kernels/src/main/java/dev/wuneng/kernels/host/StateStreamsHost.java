package dev.wuneng.kernels.host;

import static dev.wuneng.kernels.op.StateStreams.SHORTEST;
import static dev.wuneng.kernels.op.StateStreams.STEEPEST;
import static dev.wuneng.kernels.op.StateStreams.VECTORS;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** {@link dev.wuneng.kernels.op.StateStreams} in vectors. */
public final class StateStreamsHost {
    private StateStreamsHost() {
    }

    /** Items are (row, head). */
    public static HostBody forward(View r, View k, View v, View lw, View la, View kk, View ka, View pos, View streams, int heads, int size) {
        return (from, to, at, scratch) -> {
            MemorySegment key = k.segment();
            MemorySegment kkScale = kk.segment();
            MemorySegment kaScale = ka.segment();
            MemorySegment decay = lw.segment();
            MemorySegment rate = la.segment();
            MemorySegment out = streams.segment();
            IntArray positions = pos.buffer().ints();
            for (int n = from; n < to; n++) {
                int x0 = n * size;
                int c0 = n % heads * size;
                int s0 = at[8] + n * VECTORS * size;
                float keep = positions.get(at[7] + n / heads) == 0 ? 0f : 1f;
                float scale = 1f / Math.max(length(key, at[1] + x0, kkScale, at[5] + c0, size), SHORTEST);
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    int left = size - j;
                    FloatVector kj = Lanes.load(key, at[1] + x0 + j, left);
                    FloatVector a = VectorMath.sigmoid(Lanes.load(rate, at[4] + x0 + j, left));
                    FloatVector w = VectorMath.exp(VectorMath.sigmoid(Lanes.load(decay, at[3] + x0 + j, left)).mul(-STEEPEST));
                    FloatVector removal = kj.mul(Lanes.load(kkScale, at[5] + c0 + j, left)).mul(scale);
                    FloatVector replaced = a.sub(1f).fma(Lanes.load(kaScale, at[6] + c0 + j, left), Lanes.of(1f)).mul(kj);
                    Lanes.store(w.mul(keep), out, s0 + j, left);
                    Lanes.store(removal, out, s0 + size + j, left);
                    Lanes.store(removal.mul(a).mul(keep), out, s0 + 2 * size + j, left);
                    Lanes.store(replaced, out, s0 + 3 * size + j, left);
                }
                MemorySegment.copy(v.segment(), 4L * (at[2] + x0), out, 4L * (s0 + 4 * size), 4L * size);
                MemorySegment.copy(r.segment(), 4L * (at[0] + x0), out, 4L * (s0 + 5 * size), 4L * size);
            }
        };
    }

    /** ‖k ⊙ k_k‖ of one head. */
    private static float length(MemorySegment key, int k0, MemorySegment scale, int kk0, int size) {
        FloatVector squares = Lanes.of(0f);
        for (int j = 0; j < size; j += Lanes.LENGTH) {
            FloatVector p = Lanes.load(key, k0 + j, size - j).mul(Lanes.load(scale, kk0 + j, size - j));
            squares = p.fma(p, squares);
        }
        return (float) Math.sqrt(Lanes.sum(squares));
    }

    /** Items are (row, head). */
    public static HostBody backwardGates(View k, View lw, View la, View ka, View pos, View streams, View dstreams, View dlw, View dla,
            int heads, int size) {
        return (from, to, at, scratch) -> {
            MemorySegment key = k.segment();
            MemorySegment decay = lw.segment();
            MemorySegment rate = la.segment();
            MemorySegment scale = ka.segment();
            MemorySegment stream = streams.segment();
            MemorySegment upstream = dstreams.segment();
            MemorySegment decayGradient = dlw.segment();
            MemorySegment rateGradient = dla.segment();
            IntArray positions = pos.buffer().ints();
            for (int n = from; n < to; n++) {
                int x0 = n * size;
                int s0 = at[5] + n * VECTORS * size;
                int d0 = at[6] + n * VECTORS * size;
                float keep = positions.get(at[4] + n / heads) == 0 ? 0f : 1f;
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    int left = size - j;
                    FloatVector s = VectorMath.sigmoid(Lanes.load(decay, at[1] + x0 + j, left));
                    FloatVector a = VectorMath.sigmoid(Lanes.load(rate, at[2] + x0 + j, left));
                    FloatVector dw = Lanes.load(upstream, d0 + j, left).mul(Lanes.load(stream, s0 + j, left));
                    FloatVector throughB = Lanes.load(upstream, d0 + 2 * size + j, left).mul(Lanes.load(stream, s0 + size + j, left)).mul(keep);
                    FloatVector throughK = Lanes.load(key, at[0] + x0 + j, left).mul(Lanes.load(scale, at[3] + n % heads * size + j, left));
                    FloatVector da = Lanes.load(upstream, d0 + 3 * size + j, left).fma(throughK, throughB);
                    Lanes.store(dw.mul(s).mul(Lanes.of(1f).sub(s)).mul(-STEEPEST), decayGradient, at[7] + x0 + j, left);
                    Lanes.store(da.mul(a).mul(Lanes.of(1f).sub(a)), rateGradient, at[8] + x0 + j, left);
                }
            }
        };
    }

    /** Items are (row, head). */
    public static HostBody backwardKey(View k, View la, View kk, View ka, View pos, View dstreams, View dk, View dp, int heads, int size) {
        return (from, to, at, scratch) -> {
            MemorySegment key = k.segment();
            MemorySegment rate = la.segment();
            MemorySegment kkScale = kk.segment();
            MemorySegment kaScale = ka.segment();
            MemorySegment upstream = dstreams.segment();
            MemorySegment keyGradient = dk.segment();
            MemorySegment scaledGradient = dp.segment();
            IntArray positions = pos.buffer().ints();
            for (int n = from; n < to; n++) {
                int x0 = n * size;
                int c0 = n % heads * size;
                int d0 = at[5] + n * VECTORS * size;
                float keep = positions.get(at[4] + n / heads) == 0 ? 0f : 1f;
                FloatVector dots = Lanes.of(0f);
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    int left = size - j;
                    FloatVector p = Lanes.load(key, at[0] + x0 + j, left).mul(Lanes.load(kkScale, at[2] + c0 + j, left));
                    FloatVector a = VectorMath.sigmoid(Lanes.load(rate, at[1] + x0 + j, left));
                    FloatVector g = Lanes.load(upstream, d0 + 2 * size + j, left).mul(keep).fma(a, Lanes.load(upstream, d0 + size + j, left));
                    FloatVector replaced = a.sub(1f).fma(Lanes.load(kaScale, at[3] + c0 + j, left), Lanes.of(1f));
                    dots = p.fma(g, dots);
                    Lanes.store(g, scaledGradient, at[7] + x0 + j, left);
                    Lanes.store(replaced.mul(Lanes.load(upstream, d0 + 3 * size + j, left)), keyGradient, at[6] + x0 + j, left);
                }
                float length = length(key, at[0] + x0, kkScale, at[2] + c0, size);
                float scale = 1f / Math.max(length, SHORTEST);
                float pull = length > SHORTEST ? Lanes.sum(dots) * scale * scale : 0f;
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    int left = size - j;
                    FloatVector kkj = Lanes.load(kkScale, at[2] + c0 + j, left);
                    FloatVector pulled = Lanes.load(key, at[0] + x0 + j, left).mul(kkj).mul(pull);
                    FloatVector gradient = Lanes.load(scaledGradient, at[7] + x0 + j, left).sub(pulled).mul(scale);
                    Lanes.store(gradient, scaledGradient, at[7] + x0 + j, left);
                    Lanes.store(gradient.fma(kkj, Lanes.load(keyGradient, at[6] + x0 + j, left)), keyGradient, at[6] + x0 + j, left);
                }
            }
        };
    }

    /** Items are (block of rows, head). */
    public static HostBody backwardScales(View k, View la, View dp, View dstreams, View partial, int rows, int heads, int size, int block) {
        int columns = heads * size;
        return (from, to, at, scratch) -> {
            MemorySegment key = k.segment();
            MemorySegment rate = la.segment();
            MemorySegment scaledGradient = dp.segment();
            MemorySegment upstream = dstreams.segment();
            MemorySegment out = partial.segment();
            for (int n = from; n < to; n++) {
                int b = n / heads;
                int h = n - b * heads;
                int end = Math.min(rows, (b + 1) * block);
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    int left = size - j;
                    FloatVector forKk = Lanes.of(0f);
                    FloatVector forKa = Lanes.of(0f);
                    for (int r = b * block; r < end; r++) {
                        int head = r * heads + h;
                        FloatVector kj = Lanes.load(key, at[0] + head * size + j, left);
                        FloatVector a = VectorMath.sigmoid(Lanes.load(rate, at[1] + head * size + j, left));
                        forKk = Lanes.load(scaledGradient, at[2] + head * size + j, left).fma(kj, forKk);
                        forKa = Lanes.load(upstream, at[3] + (head * VECTORS + 3) * size + j, left).mul(kj).fma(a.sub(1f), forKa);
                    }
                    int o = at[4] + n * size + j;
                    Lanes.store(forKk, out, o, left);
                    Lanes.store(forKa, out, o + (rows + block - 1) / block * columns, left);
                }
            }
        };
    }
}
