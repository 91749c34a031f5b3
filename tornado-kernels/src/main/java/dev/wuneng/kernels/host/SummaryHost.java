package dev.wuneng.kernels.host;

import static dev.wuneng.kernels.op.StateStreams.VECTORS;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@link dev.wuneng.kernels.op.Summary} in vectors. */
public final class SummaryHost {
    private SummaryHost() {
    }

    /** Items are rows. */
    public static HostBody forward(View y, View weight, View bias, View streams, View rk, View s, View stats, int heads, int size, float eps) {
        return Passes.of(Passes.ROWS, (from, to, at, scratch) -> {
            MemorySegment stream = streams.segment();
            MemorySegment weights = rk.segment();
            FloatArray kept = stats.floats();
            for (int n = from * heads; n < to * heads; n++) {
                int k0 = at[3] + (n * 6 + 3) * size;
                FloatVector products = Lanes.of(0f);
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    FloatVector weighted = Lanes.load(stream, k0 + j).mul(Lanes.load(weights, at[4] + n % heads * size + j));
                    products = Lanes.load(stream, k0 + 2 * size + j).fma(weighted, products);
                }
                kept.set(at[6] + n * 3 + 2, Lanes.sum(products));
            }
        }, (from, to, at, scratch) -> {
            MemorySegment in = y.segment();
            FloatArray kept = stats.floats();
            for (int n = from * heads; n < to * heads; n++) {
                int y0 = at[0] + n * size;
                FloatVector sums = Lanes.of(0f);
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    sums = sums.add(Lanes.load(in, y0 + j));
                }
                float mean = Lanes.sum(sums) / size;
                FloatVector squares = Lanes.of(0f);
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    FloatVector d = Lanes.load(in, y0 + j).sub(mean);
                    squares = d.fma(d, squares);
                }
                kept.set(at[6] + n * 3, mean);
                kept.set(at[6] + n * 3 + 1, 1f / (float) Math.sqrt(Lanes.sum(squares) / size + eps));
            }
        }, (from, to, at, scratch) -> {
            MemorySegment in = y.segment();
            MemorySegment weights = weight.segment();
            MemorySegment biases = bias.segment();
            MemorySegment stream = streams.segment();
            MemorySegment out = s.segment();
            FloatArray kept = stats.floats();
            for (int n = from * heads; n < to * heads; n++) {
                int c0 = n % heads * size;
                int v0 = at[3] + (n * 6 + 4) * size;
                float mean = kept.get(at[6] + n * 3);
                float scale = kept.get(at[6] + n * 3 + 1);
                FloatVector bonus = Lanes.of(kept.get(at[6] + n * 3 + 2));
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    FloatVector normed = Lanes.load(in, at[0] + n * size + j).sub(mean).mul(scale);
                    FloatVector summary = normed.fma(Lanes.load(weights, at[1] + c0 + j), Lanes.load(biases, at[2] + c0 + j));
                    Lanes.store(Lanes.load(stream, v0 + j).fma(bonus, summary), out, at[5] + n * size + j);
                }
            }
        });
    }

    /** Items are (row, head). */
    public static HostBody backwardReadout(View y, View weight, View stats, View ds, View dy, int heads, int size) {
        return (from, to, at, scratch) -> {
            MemorySegment in = y.segment();
            MemorySegment weights = weight.segment();
            MemorySegment upstream = ds.segment();
            MemorySegment out = dy.segment();
            FloatArray kept = stats.floats();
            for (int n = from; n < to; n++) {
                int y0 = at[0] + n * size;
                int w0 = at[1] + n % heads * size;
                int g0 = at[3] + n * size;
                float mean = kept.get(at[2] + n * 3);
                float scale = kept.get(at[2] + n * 3 + 1);
                FloatVector sums = Lanes.of(0f);
                FloatVector dots = Lanes.of(0f);
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    FloatVector g = Lanes.load(upstream, g0 + j).mul(Lanes.load(weights, w0 + j));
                    sums = sums.add(g);
                    dots = Lanes.load(in, y0 + j).sub(mean).fma(g, dots);
                }
                float level = Lanes.sum(sums) / size;
                float pull = Lanes.sum(dots) * scale * scale / size;
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    FloatVector g = Lanes.load(upstream, g0 + j).mul(Lanes.load(weights, w0 + j));
                    Lanes.store(g.sub(level).sub(Lanes.load(in, y0 + j).sub(mean).mul(pull)).mul(scale), out, at[4] + n * size + j);
                }
            }
        };
    }

    /** Items are rows. */
    public static HostBody backwardBonus(View streams, View rk, View stats, View ds, View dstreams, View dc, int heads, int size) {
        int record = heads * VECTORS * size;
        return Passes.of(Passes.ROWS, Fetch.rows(streams, 0, record), Fetch.rows(dstreams, 4, record), (from, to, at, scratch) -> {
            MemorySegment stream = streams.segment();
            MemorySegment bonusWeights = rk.segment();
            MemorySegment upstream = ds.segment();
            MemorySegment gradient = dstreams.segment();
            FloatArray kept = stats.floats();
            FloatArray bonusGradient = dc.floats();
            for (int n = from * heads; n < to * heads; n++) {
                int k0 = at[0] + (n * 6 + 3) * size;
                int rk0 = at[1] + n % heads * size;
                int g0 = at[3] + n * size;
                int d0 = at[4] + (n * 6 + 3) * size;
                FloatVector bonus = Lanes.of(kept.get(at[2] + n * 3 + 2));
                FloatVector products = Lanes.of(0f);
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    products = Lanes.load(upstream, g0 + j).fma(Lanes.load(stream, k0 + size + j), products);
                }
                float sum = Lanes.sum(products);
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    FloatVector scaled = Lanes.load(bonusWeights, rk0 + j).mul(sum);
                    add(scaled, Lanes.load(stream, k0 + 2 * size + j), gradient, d0 + j);
                    add(bonus, Lanes.load(upstream, g0 + j), gradient, d0 + size + j);
                    add(scaled, Lanes.load(stream, k0 + j), gradient, d0 + 2 * size + j);
                }
                bonusGradient.set(at[5] + n, sum);
            }
        });
    }

    private static void add(FloatVector a, FloatVector b, MemorySegment to, int element) {
        Lanes.store(a.fma(b, Lanes.load(to, element)), to, element);
    }

    /** Items are (block of rows, head). */
    public static HostBody backwardWeights(View y, View streams, View stats, View ds, View dc, View partial, int rows, int heads, int size, int block) {
        int part = (rows + block - 1) / block * heads * size;
        return (from, to, at, scratch) -> {
            MemorySegment in = y.segment();
            MemorySegment stream = streams.segment();
            MemorySegment upstream = ds.segment();
            MemorySegment out = partial.segment();
            FloatArray kept = stats.floats();
            FloatArray bonusGradient = dc.floats();
            for (int n = from; n < to; n++) {
                int b = n / heads;
                int h = n - b * heads;
                int end = Math.min(rows, (b + 1) * block);
                for (int j = 0; j < size; j += Lanes.LENGTH) {
                    FloatVector forWeight = Lanes.of(0f);
                    FloatVector forBias = Lanes.of(0f);
                    FloatVector forRk = Lanes.of(0f);
                    for (int r = b * block; r < end; r++) {
                        int head = r * heads + h;
                        int t = at[2] + head * 3;
                        int k = at[1] + (head * 6 + 3) * size + j;
                        FloatVector g = Lanes.load(upstream, at[3] + head * size + j);
                        FloatVector normed = Lanes.load(in, at[0] + head * size + j).sub(kept.get(t)).mul(kept.get(t + 1));
                        FloatVector scaled = Lanes.load(stream, k).mul(bonusGradient.get(at[4] + head));
                        forWeight = g.fma(normed, forWeight);
                        forBias = forBias.add(g);
                        forRk = scaled.fma(Lanes.load(stream, k + 2 * size), forRk);
                    }
                    int o = at[5] + n * size + j;
                    Lanes.store(forWeight, out, o);
                    Lanes.store(forBias, out, o + part);
                    Lanes.store(forRk, out, o + 2 * part);
                }
            }
        };
    }
}
