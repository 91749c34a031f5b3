package dev.wuneng.kernels.op;

import dev.wuneng.kernels.host.CachedAttentionHost;
import dev.wuneng.kernels.run.HostForm;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Attention of the new tokens of a text to all its tokens so far, whose keys and values are kept:
 *
 * <pre>
 *   K_(pos_r) = k_r,   V_(pos_r) = v_r,   o_r = Σ_j softmax_j(q_r · K_j / √N) V_j      max(0, pos_r − window + 1) ≤ j ≤ pos_r
 * </pre>
 *
 * <p>{@code q}, {@code o} are [rows, heads, headSize], {@code k}, {@code v} [rows, kvHeads · headSize], the caches {@code K}, {@code V} [tokens, kvHeads, headSize],
 * {@code pos} [rows] is the position in the text; query head h reads key and value head h · kvHeads / heads. For what trains see {@link Attention}, whose
 * sums these are.
 */
public final class CachedAttention {
    private CachedAttention() {
    }

    /** Writes the rows of x [rows, width], keys or values, to their positions in a cache. */
    public static Launch keep(View x, View pos, View cache, int rows, int width) {
        return Launch.of("cached_attention.keep", CachedAttention::cachedAttentionKeep, rows * width, x, pos, cache, width);
    }

    /**
     * Writes o.
     *
     * @param window how many tokens a token attends at most, itself included; 0 for all
     */
    public static Launch forward(View q, View keys, View values, View pos, View o, int rows, int heads, int kvHeads, int headSize, int window) {
        return Launch.of("cached_attention.forward", CachedAttention::cachedAttentionForward, rows * heads, q, keys, values, pos, o,
                heads, kvHeads, headSize, window)
                .onHost(() -> new HostForm(rows * heads, CachedAttentionHost.forward(q, keys, values, pos, o, heads, kvHeads, headSize, window)));
    }

    public static void cachedAttentionKeep(int from, int to, IntArray at, int p, FloatArray x, IntArray pos, FloatArray cache, int width) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            int r = i / width;
            cache.set(at.get(p + 2) + pos.get(at.get(p + 1) + r) * width + i - r * width, x.get(at.get(p) + i));
        }
    }

    public static void cachedAttentionForward(int from, int to, IntArray at, int p, FloatArray q, FloatArray keys, FloatArray values, IntArray pos,
            FloatArray o, int heads, int kvHeads, int headSize, int window) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            int r = i / heads;
            int group = (i - r * heads) * kvHeads / heads * headSize;
            int last = pos.get(at.get(p + 3) + r);
            int first = window > 0 ? Math.max(0, last - window + 1) : 0;
            Attention.attentionRow(q, at.get(p) + i * headSize, keys, at.get(p + 1) + group, values, at.get(p + 2) + group, kvHeads * headSize,
                    first, last, o, at.get(p + 4) + i * headSize, headSize);
        }
    }
}
