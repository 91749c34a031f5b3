package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@link dev.wuneng.kernels.op.RmsNorm} in vectors, a row an item. */
public final class RmsNormHost {
    private RmsNormHost() {
    }

    /** Items are rows. */
    public static HostBody forward(View x, View weight, View y, View rstd, int width, int groups, float eps) {
        return (from, to, at, scratch) -> {
            MemorySegment in = x.segment();
            MemorySegment weights = weight.segment();
            MemorySegment out = y.segment();
            FloatArray scales = rstd.floats();
            for (int r = from; r < to; r++) {
                int x0 = at[0] + r * width;
                int w0 = at[1] + r % groups * width;
                int y0 = at[2] + r * width;
                FloatVector squares = Lanes.of(0f);
                for (int j = 0; j < width; j += Lanes.LENGTH) {
                    FloatVector value = Lanes.load(in, x0 + j);
                    squares = value.fma(value, squares);
                }
                float scale = 1f / (float) Math.sqrt(Lanes.sum(squares) / width + eps);
                for (int j = 0; j < width; j += Lanes.LENGTH) {
                    Lanes.store(Lanes.load(in, x0 + j).mul(scale).mul(Lanes.load(weights, w0 + j)), out, y0 + j);
                }
                scales.set(at[3] + r, scale);
            }
        };
    }

    /** Items are rows. */
    public static HostBody backwardInput(View x, View weight, View rstd, View dy, View dx, int width, int groups, boolean adds) {
        return (from, to, at, scratch) -> {
            MemorySegment in = x.segment();
            MemorySegment weights = weight.segment();
            MemorySegment upstream = dy.segment();
            MemorySegment gradient = dx.segment();
            FloatArray scales = rstd.floats();
            for (int r = from; r < to; r++) {
                int x0 = at[0] + r * width;
                int w0 = at[1] + r % groups * width;
                int g0 = at[3] + r * width;
                int d0 = at[4] + r * width;
                float scale = scales.get(at[2] + r);
                FloatVector dot = Lanes.of(0f);
                for (int j = 0; j < width; j += Lanes.LENGTH) {
                    dot = Lanes.load(upstream, g0 + j).mul(Lanes.load(weights, w0 + j)).fma(Lanes.load(in, x0 + j), dot);
                }
                float pull = Lanes.sum(dot) * scale * scale / width;
                for (int j = 0; j < width; j += Lanes.LENGTH) {
                    FloatVector g = Lanes.load(upstream, g0 + j).mul(Lanes.load(weights, w0 + j));
                    FloatVector change = g.sub(Lanes.load(in, x0 + j).mul(pull)).mul(scale);
                    if (adds) {
                        Lanes.store(Lanes.load(gradient, d0 + j).add(change), gradient, d0 + j);
                    } else {
                        Lanes.store(change, gradient, d0 + j);
                    }
                }
            }
        };
    }

    /** Items are (block of tokens, group). */
    public static HostBody backwardWeight(View x, View rstd, View dy, View partial, int tokens, int width, int groups, int block) {
        int columns = groups * width;
        return (from, to, at, scratch) -> {
            MemorySegment in = x.segment();
            MemorySegment upstream = dy.segment();
            MemorySegment out = partial.segment();
            FloatArray scales = rstd.floats();
            for (int i = from; i < to; i++) {
                int b = i / groups;
                int group = i - b * groups;
                int end = Math.min(tokens, (b + 1) * block);
                for (int j = 0; j < width; j += Lanes.LENGTH) {
                    int c = group * width + j;
                    FloatVector sum = Lanes.of(0f);
                    for (int t = b * block; t < end; t++) {
                        FloatVector product = Lanes.load(upstream, at[2] + t * columns + c).mul(Lanes.load(in, at[0] + t * columns + c));
                        sum = sum.add(product.mul(scales.get(at[1] + t * groups + group)));
                    }
                    Lanes.store(sum, out, at[3] + b * columns + c);
                }
            }
        };
    }
}
