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
 * {@link dev.wuneng.kernels.op.StateStreams} in vectors. Items are rows, but for the sums over rows; first passes leave the logistic functions of la and lw
 * and the lengths of the keys in thread memory.
 */
public final class StateStreamsHost {
    private static final int ROWS = Passes.ROWS;

    private StateStreamsHost() {
    }

    public static HostBody forward(View k, View lw, View la, View kk, View ka, View pos, View streams, int heads, int size) {
        int width = heads * size;
        return Passes.of(ROWS, rates(la, 2, width, heads), decays(lw, 1, width, heads), lengths(k, 0, kk, 3, heads, size), (from, to, at, scratch) -> {
            float[] gates = scratch.floats(gates(width, heads));
            for (int i = ROWS * width; i < (ROWS + to - from) * width; i += Lanes.LENGTH) {
                Lanes.store(VectorMath.exp(Lanes.load(gates, i).mul(-STEEPEST)), gates, i);
            }
        }, (from, to, at, scratch) -> {
            float[] gates = scratch.floats(gates(width, heads));
            MemorySegment key = k.segment();
            MemorySegment kkScale = kk.segment();
            MemorySegment kaScale = ka.segment();
            MemorySegment out = streams.segment();
            IntArray positions = pos.buffer().ints();
            for (int n = from * heads; n < to * heads; n++) {
                int c0 = n % heads * size;
                int x0 = n * size;
                int g0 = x0 - from * width;
                int s0 = at[6] + x0 * VECTORS;
                float keep = positions.get(at[5] + n / heads) == 0 ? 0f : 1f;
                float scale = 1f / Math.max(gates[lengths(width) + n - from * heads], SHORTEST);
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    FloatVector kj = Lanes.load(key, at[0] + x0 + j);
                    FloatVector a = Lanes.load(gates, g0 + j);
                    FloatVector removal = kj.mul(Lanes.load(kkScale, at[3] + c0 + j)).mul(scale);
                    FloatVector replaced = a.sub(1f).fma(Lanes.load(kaScale, at[4] + c0 + j), Lanes.of(1f)).mul(kj);
                    Lanes.store(Lanes.load(gates, ROWS * width + g0 + j).mul(keep), out, s0 + j);
                    Lanes.store(removal, out, s0 + size + j);
                    Lanes.store(removal.mul(a).mul(keep), out, s0 + 2 * size + j);
                    Lanes.store(replaced, out, s0 + 3 * size + j);
                }
            }
        });
    }

    /** Thread memory for some rows of the two gates, those of la before those of lw, and for the lengths of heads behind them. */
    private static int gates(int width, int heads) {
        return lengths(width) + ROWS * heads;
    }

    private static int lengths(int width) {
        return 2 * ROWS * width;
    }

    private static HostBody rates(View la, int argument, int width, int heads) {
        return (from, to, at, scratch) -> sigmoids(la.segment(), at[argument] + from * width, scratch.floats(gates(width, heads)), 0, (to - from) * width);
    }

    private static HostBody decays(View lw, int argument, int width, int heads) {
        return (from, to, at, scratch) -> sigmoids(lw.segment(), at[argument] + from * width, scratch.floats(gates(width, heads)), ROWS * width,
                (to - from) * width);
    }

    private static void sigmoids(MemorySegment in, int element, float[] out, int to, int count) {
        for (int i = 0; i < count; i += Lanes.LENGTH) {
            Lanes.store(VectorMath.sigmoid(Lanes.load(in, element + i)), out, to + i);
        }
    }

    /** ‖k ⊙ k_k‖ of every head of a row. */
    private static HostBody lengths(View k, int argument, View kk, int scaleArgument, int heads, int size) {
        int width = heads * size;
        return (from, to, at, scratch) -> {
            float[] gates = scratch.floats(gates(width, heads));
            MemorySegment key = k.segment();
            MemorySegment scale = kk.segment();
            for (int n = from * heads; n < to * heads; n++) {
                FloatVector squares = Lanes.of(0f);
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    FloatVector p = Lanes.load(key, at[argument] + n * size + j).mul(Lanes.load(scale, at[scaleArgument] + n % heads * size + j));
                    squares = p.fma(p, squares);
                }
                gates[lengths(width) + n - from * heads] = (float) Math.sqrt(Lanes.sum(squares));
            }
        };
    }

    public static HostBody backwardGates(View k, View lw, View la, View ka, View pos, View streams, View dstreams, View dlw, View dla,
            int heads, int size) {
        int width = heads * size;
        return Passes.of(ROWS, rates(la, 2, width, heads), decays(lw, 1, width, heads), (from, to, at, scratch) -> {
            float[] gates = scratch.floats(gates(width, heads));
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
                int g0 = x0 - from * width;
                int s0 = at[5] + x0 * VECTORS;
                int d0 = at[6] + x0 * VECTORS;
                float keep = positions.get(at[4] + n / heads) == 0 ? 0f : 1f;
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    FloatVector s = Lanes.load(gates, ROWS * width + g0 + j);
                    FloatVector dw = Lanes.load(upstream, d0 + j).mul(Lanes.load(stream, s0 + j));
                    Lanes.store(s.mul(s).sub(s).mul(STEEPEST).mul(dw), decayGradient, at[7] + x0 + j);
                }
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    FloatVector a = Lanes.load(gates, g0 + j);
                    FloatVector throughB = Lanes.load(upstream, d0 + 2 * size + j).mul(Lanes.load(stream, s0 + size + j)).mul(keep);
                    FloatVector throughK = Lanes.load(key, at[0] + x0 + j).mul(Lanes.load(scale, at[3] + c0 + j));
                    FloatVector da = Lanes.load(upstream, d0 + 3 * size + j).fma(throughK, throughB);
                    Lanes.store(a.sub(a.mul(a)).mul(da), rateGradient, at[8] + x0 + j);
                }
            }
        });
    }

    public static HostBody backwardKey(View k, View la, View kk, View ka, View pos, View dstreams, View dk, View dp, int heads, int size) {
        int width = heads * size;
        return Passes.of(ROWS, rates(la, 1, width, heads), lengths(k, 0, kk, 2, heads, size), (from, to, at, scratch) -> {
            float[] gates = scratch.floats(gates(width, heads));
            MemorySegment key = k.segment();
            MemorySegment kkScale = kk.segment();
            MemorySegment upstream = dstreams.segment();
            MemorySegment scaledGradient = dp.segment();
            IntArray positions = pos.buffer().ints();
            for (int n = from * heads; n < to * heads; n++) {
                int c0 = n % heads * size;
                int x0 = n * size;
                int g0 = x0 - from * width;
                int d0 = at[5] + x0 * VECTORS;
                float keep = positions.get(at[4] + n / heads) == 0 ? 0f : 1f;
                FloatVector dots = Lanes.of(0f);
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    FloatVector kept = Lanes.load(gates, g0 + j).mul(keep);
                    FloatVector g = Lanes.load(upstream, d0 + 2 * size + j).fma(kept, Lanes.load(upstream, d0 + size + j));
                    dots = Lanes.load(key, at[0] + x0 + j).mul(Lanes.load(kkScale, at[2] + c0 + j)).fma(g, dots);
                    Lanes.store(g, scaledGradient, at[7] + x0 + j);
                }
                float length = gates[lengths(width) + n - from * heads];
                float scale = 1f / Math.max(length, SHORTEST);
                float pull = length > SHORTEST ? Lanes.sum(dots) * scale * scale : 0f;
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    FloatVector p = Lanes.load(key, at[0] + x0 + j).mul(Lanes.load(kkScale, at[2] + c0 + j));
                    Lanes.store(Lanes.load(scaledGradient, at[7] + x0 + j).sub(p.mul(pull)).mul(scale), scaledGradient, at[7] + x0 + j);
                }
            }
        }, (from, to, at, scratch) -> {
            float[] gates = scratch.floats(gates(width, heads));
            MemorySegment kkScale = kk.segment();
            MemorySegment kaScale = ka.segment();
            MemorySegment upstream = dstreams.segment();
            MemorySegment scaledGradient = dp.segment();
            MemorySegment keyGradient = dk.segment();
            for (int n = from * heads; n < to * heads; n++) {
                int c0 = n % heads * size;
                int x0 = n * size;
                int g0 = x0 - from * width;
                int d0 = at[5] + x0 * VECTORS + 3 * size;
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    FloatVector replaced = Lanes.load(gates, g0 + j).sub(1f).fma(Lanes.load(kaScale, at[3] + c0 + j), Lanes.of(1f));
                    FloatVector removal = Lanes.load(scaledGradient, at[7] + x0 + j).mul(Lanes.load(kkScale, at[2] + c0 + j));
                    Lanes.store(Lanes.load(upstream, d0 + j).fma(replaced, removal), keyGradient, at[6] + x0 + j);
                }
            }
        });
    }

    /** Items are (block of rows, head). */
    public static HostBody backwardScales(View k, View la, View dp, View dstreams, View partial, int rows, int heads, int size, int block) {
        int columns = heads * size;
        int line = (size + Lanes.LENGTH - 1) / Lanes.LENGTH * Lanes.LENGTH;
        return Passes.of(1, (from, to, at, scratch) -> {
            float[] gates = scratch.floats(block * line);
            int first = from / heads * block;
            for (int r = first; r < Math.min(rows, first + block); r++) {
                sigmoids(la.segment(), at[1] + r * columns + from % heads * size, gates, (r - first) * line, size);
            }
        }, (from, to, at, scratch) -> {
            float[] gates = scratch.floats(block * line);
            MemorySegment key = k.segment();
            MemorySegment scaledGradient = dp.segment();
            MemorySegment upstream = dstreams.segment();
            MemorySegment out = partial.segment();
            int first = from / heads * block;
            int end = Math.min(rows, first + block);
            for (int j = 0; j < size; j += Lanes.LENGTH) {
                FloatVector forKk = Lanes.of(0f);
                FloatVector forKa = Lanes.of(0f);
                for (int r = first; r < end; r++) {
                    int head = r * heads + from % heads;
                    FloatVector kj = Lanes.load(key, at[0] + head * size + j);
                    FloatVector a = Lanes.load(gates, (r - first) * line + j);
                    forKk = Lanes.load(scaledGradient, at[2] + head * size + j).fma(kj, forKk);
                    forKa = Lanes.load(upstream, at[3] + (head * VECTORS + 3) * size + j).mul(kj).fma(a.sub(1f), forKa);
                }
                int o = at[4] + from * size + j;
                Lanes.store(forKk, out, o);
                Lanes.store(forKa, out, o + (rows + block - 1) / block * columns);
            }
        });
    }
}
