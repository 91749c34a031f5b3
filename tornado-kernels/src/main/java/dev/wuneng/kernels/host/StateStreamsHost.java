package dev.wuneng.kernels.host;

import static dev.wuneng.kernels.op.StateStreams.SHORTEST;
import static dev.wuneng.kernels.op.StateStreams.STEEPEST;
import static dev.wuneng.kernels.op.StateStreams.VECTORS;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * {@link dev.wuneng.kernels.op.StateStreams} in vectors. Items are rows, but for the sums over rows; first passes leave the lengths of the keys in thread
 * memory, and the decays that follow from the gates.
 */
public final class StateStreamsHost {
    private static final int ROWS = Passes.ROWS;

    private StateStreamsHost() {
    }

    public static HostBody forward(View k, View lw, View la, View kk, View ka, View pos, View streams, View g, View a, int heads, int size) {
        int width = heads * size;
        return Passes.of(ROWS, sigmoids(lw, 1, g, 7, width), sigmoids(la, 2, a, 8, width), lengths(k, 0, kk, 3, heads, size), (from, to, at, scratch) -> {
            float[] decays = scratch.floats(floats(width, heads));
            MemorySegment gate = g.segment();
            for (int i = 0; i < (to - from) * width; i += Lanes.LENGTH) {
                Lanes.store(VectorMath.exp(Lanes.load(gate, at[7] + from * width + i).mul(-STEEPEST)), decays, i);
            }
        }, (from, to, at, scratch) -> {
            float[] decays = scratch.floats(floats(width, heads));
            MemorySegment key = k.segment();
            MemorySegment kkScale = kk.segment();
            MemorySegment kaScale = ka.segment();
            MemorySegment out = streams.segment();
            MemorySegment rate = a.segment();
            IntArray positions = pos.buffer().ints();
            for (int n = from * heads; n < to * heads; n++) {
                int c0 = n % heads * size;
                int x0 = n * size;
                int w0 = x0 - from * width;
                int s0 = at[6] + x0 * VECTORS;
                float keep = positions.get(at[5] + n / heads) == 0 ? 0f : 1f;
                float scale = 1f / Math.max(decays[ROWS * width + n - from * heads], SHORTEST);
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    FloatVector kj = Lanes.load(key, at[0] + x0 + j);
                    FloatVector aj = Lanes.load(rate, at[8] + x0 + j);
                    FloatVector removal = kj.mul(Lanes.load(kkScale, at[3] + c0 + j)).mul(scale);
                    FloatVector replaced = aj.sub(1f).fma(Lanes.load(kaScale, at[4] + c0 + j), Lanes.of(1f)).mul(kj);
                    Lanes.store(Lanes.load(decays, w0 + j).mul(keep), out, s0 + j);
                    Lanes.store(removal, out, s0 + size + j);
                    Lanes.store(removal.mul(aj).mul(keep), out, s0 + 2 * size + j);
                    Lanes.store(replaced, out, s0 + 3 * size + j);
                }
            }
        });
    }

    /** Thread memory for some rows of decays, and for the lengths of heads behind them. */
    private static int floats(int width, int heads) {
        return ROWS * (width + heads);
    }

    private static HostBody sigmoids(View x, int argument, View y, int result, int width) {
        return (from, to, at, scratch) -> {
            MemorySegment in = x.segment();
            MemorySegment out = y.segment();
            for (int i = from * width; i < to * width; i += Lanes.LENGTH) {
                Lanes.store(VectorMath.sigmoid(Lanes.load(in, at[argument] + i)), out, at[result] + i);
            }
        };
    }

    /** ‖k ⊙ k_k‖ of every head of a row. */
    private static HostBody lengths(View k, int argument, View kk, int scaleArgument, int heads, int size) {
        int width = heads * size;
        return (from, to, at, scratch) -> {
            float[] lengths = scratch.floats(floats(width, heads));
            MemorySegment key = k.segment();
            MemorySegment scale = kk.segment();
            for (int n = from * heads; n < to * heads; n++) {
                FloatVector squares = Lanes.of(0f);
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    FloatVector p = Lanes.load(key, at[argument] + n * size + j).mul(Lanes.load(scale, at[scaleArgument] + n % heads * size + j));
                    squares = p.fma(p, squares);
                }
                lengths[ROWS * width + n - from * heads] = (float) Math.sqrt(Lanes.sum(squares));
            }
        };
    }

    public static HostBody backwardGates(View k, View g, View a, View ka, View pos, View streams, View dstreams, View dlw, View dla,
            int heads, int size) {
        return (from, to, at, scratch) -> {
            MemorySegment gate = g.segment();
            MemorySegment rate = a.segment();
            MemorySegment key = k.segment();
            MemorySegment scale = ka.segment();
            MemorySegment stream = streams.segment();
            MemorySegment upstream = dstreams.segment();
            MemorySegment decayGradient = dlw.segment();
            MemorySegment rateGradient = dla.segment();
            IntArray positions = pos.buffer().ints();
            for (int n = from * heads; n < to * heads; n++) {
                int c0 = n % heads * size;
                int x0 = n * size;
                int s0 = at[5] + x0 * VECTORS;
                int d0 = at[6] + x0 * VECTORS;
                float keep = positions.get(at[4] + n / heads) == 0 ? 0f : 1f;
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    FloatVector gj = Lanes.load(gate, at[1] + x0 + j);
                    FloatVector dw = Lanes.load(upstream, d0 + j).mul(Lanes.load(stream, s0 + j));
                    Lanes.store(gj.mul(gj).sub(gj).mul(STEEPEST).mul(dw), decayGradient, at[7] + x0 + j);
                }
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    FloatVector aj = Lanes.load(rate, at[2] + x0 + j);
                    FloatVector throughB = Lanes.load(upstream, d0 + 2 * size + j).mul(Lanes.load(stream, s0 + size + j)).mul(keep);
                    FloatVector throughK = Lanes.load(key, at[0] + x0 + j).mul(Lanes.load(scale, at[3] + c0 + j));
                    FloatVector da = Lanes.load(upstream, d0 + 3 * size + j).fma(throughK, throughB);
                    Lanes.store(aj.sub(aj.mul(aj)).mul(da), rateGradient, at[8] + x0 + j);
                }
            }
        };
    }

    public static HostBody backwardKey(View k, View a, View kk, View ka, View pos, View dstreams, View dk, View dp, int heads, int size) {
        int width = heads * size;
        return Passes.of(ROWS, lengths(k, 0, kk, 2, heads, size), (from, to, at, scratch) -> {
            float[] lengths = scratch.floats(floats(width, heads));
            MemorySegment key = k.segment();
            MemorySegment kkScale = kk.segment();
            MemorySegment rate = a.segment();
            MemorySegment upstream = dstreams.segment();
            MemorySegment scaledGradient = dp.segment();
            IntArray positions = pos.buffer().ints();
            for (int n = from * heads; n < to * heads; n++) {
                int c0 = n % heads * size;
                int x0 = n * size;
                int d0 = at[5] + x0 * VECTORS;
                float keep = positions.get(at[4] + n / heads) == 0 ? 0f : 1f;
                FloatVector dots = Lanes.of(0f);
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    FloatVector kept = Lanes.load(rate, at[1] + x0 + j).mul(keep);
                    FloatVector q = Lanes.load(upstream, d0 + 2 * size + j).fma(kept, Lanes.load(upstream, d0 + size + j));
                    dots = Lanes.load(key, at[0] + x0 + j).mul(Lanes.load(kkScale, at[2] + c0 + j)).fma(q, dots);
                    Lanes.store(q, scaledGradient, at[7] + x0 + j);
                }
                float length = lengths[ROWS * width + n - from * heads];
                float scale = 1f / Math.max(length, SHORTEST);
                float pull = length > SHORTEST ? Lanes.sum(dots) * scale * scale : 0f;
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    FloatVector p = Lanes.load(key, at[0] + x0 + j).mul(Lanes.load(kkScale, at[2] + c0 + j));
                    Lanes.store(Lanes.load(scaledGradient, at[7] + x0 + j).sub(p.mul(pull)).mul(scale), scaledGradient, at[7] + x0 + j);
                }
            }
        }, (from, to, at, scratch) -> {
            MemorySegment kkScale = kk.segment();
            MemorySegment kaScale = ka.segment();
            MemorySegment rate = a.segment();
            MemorySegment upstream = dstreams.segment();
            MemorySegment scaledGradient = dp.segment();
            MemorySegment keyGradient = dk.segment();
            for (int n = from * heads; n < to * heads; n++) {
                int c0 = n % heads * size;
                int x0 = n * size;
                int d0 = at[5] + x0 * VECTORS + 3 * size;
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    FloatVector replaced = Lanes.load(rate, at[1] + x0 + j).sub(1f).fma(Lanes.load(kaScale, at[3] + c0 + j), Lanes.of(1f));
                    FloatVector removal = Lanes.load(scaledGradient, at[7] + x0 + j).mul(Lanes.load(kkScale, at[2] + c0 + j));
                    Lanes.store(Lanes.load(upstream, d0 + j).fma(replaced, removal), keyGradient, at[6] + x0 + j);
                }
            }
        });
    }

    /** Items are (block of rows, head). */
    public static HostBody backwardScales(View k, View a, View dp, View dstreams, View partial, int rows, int heads, int size, int block) {
        int columns = heads * size;
        int part = (rows + block - 1) / block * columns;
        return (from, to, at, scratch) -> {
            MemorySegment key = k.segment();
            MemorySegment rate = a.segment();
            MemorySegment scaledGradient = dp.segment();
            MemorySegment upstream = dstreams.segment();
            MemorySegment out = partial.segment();
            for (int n = from; n < to; n++) {
                int b = n / heads;
                int h = n - b * heads;
                int end = Math.min(rows, (b + 1) * block);
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    FloatVector forKk = Lanes.of(0f);
                    FloatVector forKa = Lanes.of(0f);
                    for (int r = b * block; r < end; r++) {
                        int head = r * heads + h;
                        FloatVector kj = Lanes.load(key, at[0] + head * size + j);
                        FloatVector less = Lanes.load(rate, at[1] + head * size + j).sub(1f);
                        forKk = Lanes.load(scaledGradient, at[2] + head * size + j).fma(kj, forKk);
                        forKa = Lanes.load(upstream, at[3] + (head * VECTORS + 3) * size + j).mul(kj).fma(less, forKa);
                    }
                    int o = at[4] + n * size + j;
                    Lanes.store(forKk, out, o);
                    Lanes.store(forKa, out, o + part);
                }
            }
        };
    }
}
