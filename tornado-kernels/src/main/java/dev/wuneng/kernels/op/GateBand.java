package dev.wuneng.kernels.op;

import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Keeps the mean gate of a head inside a band, and reports how the gates stand. Over the n = tokens · N gates of a head at the unmasked
 * tokens of one batch:
 *
 * <pre>
 *   ḡ = mean g,   spread = (mean (g − ḡ)²)^(1/2)
 *   band  = max(0, ḡ − high)² + max(0, low − ḡ)²
 *   slope = ∂band / ∂g = 2 · (max(0, ḡ − high) − max(0, low − ḡ)) / n
 *   dg += scale · slope at unmasked tokens
 * </pre>
 *
 * <p>{@code g}, {@code dg} are [rows, heads, N], {@code mask} (0 or 1) is [rows], {@code stats} is [heads, 4]: ḡ, spread, band, slope, all 0
 * where no token counts; {@code scale} is one element: the weight of the loss / (layers · heads). {@code partial} is
 * [ColumnSum.blocks(rows), heads, 3]: tokens, sum, and Σ (g − mean of the block)², which loses no digits when all gates are nearly 1.
 */
public final class GateBand {
    /** Values a head in {@code stats}. */
    public static final int STATS = 4;
    /** Values a block and head in {@code partial}. */
    public static final int PARTIAL = 3;

    private GateBand() {
    }

    /** Writes partial. */
    public static Launch partial(View g, View mask, View partial, int rows, int heads, int n) {
        return Launch.of("gate_band.partial", GateBand::gateBandPartial, ColumnSum.blocks(rows) * heads, g, mask, partial, rows, heads, n, ColumnSum.BLOCK);
    }

    /** Writes stats. */
    public static Launch combine(View partial, View stats, int rows, int heads, int n, float low, float high) {
        return Launch.of("gate_band.combine", GateBand::gateBandCombine, heads, partial, stats, ColumnSum.blocks(rows), heads, n, low, high);
    }

    /** Adds to dg. */
    public static Launch backward(View stats, View mask, View scale, View dg, int rows, int heads, int n) {
        return Launch.of("gate_band.backward", GateBand::gateBandBackward, rows * heads * n, stats, mask, scale, dg, heads, n);
    }

    public static void gateBandPartial(int from, int to, IntArray at, int p, FloatArray g, IntArray mask, FloatArray partial,
            int rows, int heads, int n, int block) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            int b = i / heads;
            int h = i - b * heads;
            int end = Math.min(rows, (b + 1) * block);
            int tokens = 0;
            float sum = 0f;
            for (int r = b * block; r < end; r++) {
                if (mask.get(at.get(p + 1) + r) != 0) {
                    tokens++;
                    for (int j = 0; j < n; j++) {
                        sum += g.get(at.get(p) + (r * heads + h) * n + j);
                    }
                }
            }
            float mean = tokens > 0 ? sum / (tokens * n) : 0f;
            float squares = 0f;
            for (int r = b * block; r < end; r++) {
                if (mask.get(at.get(p + 1) + r) != 0) {
                    for (int j = 0; j < n; j++) {
                        float off = g.get(at.get(p) + (r * heads + h) * n + j) - mean;
                        squares += off * off;
                    }
                }
            }
            int o = at.get(p + 2) + i * PARTIAL;
            partial.set(o, (float) tokens);
            partial.set(o + 1, sum);
            partial.set(o + 2, squares);
        }
    }

    public static void gateBandCombine(int from, int to, IntArray at, int p, FloatArray partial, FloatArray stats,
            int blocks, int heads, int n, float low, float high) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int h = from + item;
            int p0 = at.get(p) + h * PARTIAL;
            float tokens = 0f;
            float sum = 0f;
            for (int b = 0; b < blocks; b++) {
                tokens += partial.get(p0 + b * heads * PARTIAL);
                sum += partial.get(p0 + b * heads * PARTIAL + 1);
            }
            float count = TornadoMath.max(1f, tokens * n);
            float mean = sum / count;
            float squares = 0f;
            for (int b = 0; b < blocks; b++) {
                float own = partial.get(p0 + b * heads * PARTIAL) * n;
                float off = own > 0f ? partial.get(p0 + b * heads * PARTIAL + 1) / own - mean : 0f;
                squares += partial.get(p0 + b * heads * PARTIAL + 2) + own * off * off;
            }
            float above = TornadoMath.max(0f, mean - high);
            float below = TornadoMath.max(0f, low - mean);
            boolean counts = tokens > 0f;
            int o = at.get(p + 1) + h * STATS;
            stats.set(o, mean);
            stats.set(o + 1, TornadoMath.sqrt(squares / count));
            stats.set(o + 2, counts ? above * above + below * below : 0f);
            stats.set(o + 3, counts ? 2f * (above - below) / count : 0f);
        }
    }

    public static void gateBandBackward(int from, int to, IntArray at, int p, FloatArray stats, IntArray mask, FloatArray scale,
            FloatArray dg, int heads, int n) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            int row = i / n;
            int r = row / heads;
            int h = row - r * heads;
            float slope = mask.get(at.get(p + 1) + r) != 0 ? stats.get(at.get(p) + h * STATS + 3) : 0f;
            int o = at.get(p + 3) + i;
            dg.set(o, dg.get(o) + scale.get(at.get(p + 2)) * slope);
        }
    }
}
