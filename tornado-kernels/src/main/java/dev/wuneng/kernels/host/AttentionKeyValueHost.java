package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.View;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The gradients of attention's keys and values: blocks of keys, spans of queries, of one query head after the other. */
public final class AttentionKeyValueHost extends AttentionHost {
    private final View q;
    private final View k;
    private final View v;
    private final View dO;
    private final View stats;
    private final View last;
    private final View dk;
    private final View dv;
    private final int keys;
    private final int values;
    private final int keySums;
    private final int valueSums;
    private final int queries;
    private final int gradients;
    private final int queriesDown;
    private final int gradientsDown;
    private final int norms;
    private final int dots;
    private final int scores;
    private final int products;
    private final int transposing;

    public AttentionKeyValueHost(View q, View k, View v, View dO, View stats, View last, View dk, View dv,
            int rows, int heads, int kvHeads, int headSize) {
        super(false, rows, heads, kvHeads, headSize);
        this.q = q;
        this.k = k;
        this.v = v;
        this.dO = dO;
        this.stats = stats;
        this.last = last;
        this.dk = dk;
        this.dv = dv;
        keys = reserve(blockRows * headSize);
        values = reserve(blockRows * headSize);
        keySums = reserve(blockRows * padded);
        valueSums = reserve(blockRows * padded);
        queries = reserve(SPAN * headSize);
        gradients = reserve(SPAN * headSize);
        queriesDown = reserve(SPAN * padded);
        gradientsDown = reserve(SPAN * padded);
        norms = reserve(SPAN);
        dots = reserve(SPAN);
        scores = reserve(Tile.ROWS * SPAN);
        products = reserve(Tile.ROWS * SPAN);
        transposing = reserve(Transposition.SCRATCH);
    }

    @Override
    void block(int top, int bottom, int kvHead, int[] at, float[] s) {
        int end = greatest(last.buffer().ints(), at[5], top, bottom) + 1;
        zero(s, keySums, blockRows * padded);
        zero(s, valueSums, blockRows * padded);
        packRows(k, at[1], kvHeads, kvHead, top, bottom, s, keys);
        packRows(v, at[2], kvHeads, kvHead, top, bottom, s, values);
        for (int span = top; span < end; span += SPAN) {
            int count = Math.min(SPAN, end - span);
            for (int head = kvHead * shared; head < (kvHead + 1) * shared; head++) {
                packSpan(head, span, count, at, s);
                for (int j = top; j < bottom; j += Tile.ROWS) {
                    tile(s, j - top, j, Math.min(bottom, j + Tile.ROWS), span, count, at);
                }
            }
        }
        for (int j = top; j < bottom; j++) {
            AttentionRows.write(s, keySums + (j - top) * padded, scale, dk, element(at[6], kvHeads, kvHead, j), headSize);
            AttentionRows.write(s, valueSums + (j - top) * padded, 1f, dv, element(at[7], kvHeads, kvHead, j), headSize);
        }
    }

    private void packSpan(int head, int span, int count, int[] at, float[] s) {
        packAcross(q, at[0], heads, head, span, count, s, queries, transposing);
        packAcross(dO, at[3], heads, head, span, count, s, gradients, transposing);
        packDown(q, at[0], heads, head, span, count, s, queriesDown);
        packDown(dO, at[3], heads, head, span, count, s, gradientsDown);
        FloatArray statistics = stats.floats();
        for (int i = 0; i < count; i++) {
            int s0 = at[4] + ((span + i) * heads + head) * 2;
            s[norms + i] = statistics.get(s0);
            s[dots + i] = statistics.get(s0 + 1);
        }
    }

    private void tile(float[] s, int row, int top, int bottom, int span, int count, int[] at) {
        IntArray lasts = last.buffer().ints();
        int low = Math.max(0, top - span);
        int high = Math.min(count, greatest(lasts, at[5], top, bottom) + 1 - span);
        if (low < high) {
            across(s, keys + row * headSize, queries, scores, low, high);
            across(s, values + row * headSize, gradients, products, low, high);
            for (int j = top; j < bottom; j++) {
                int line = (j - top) * SPAN;
                AttentionRows.differentiateKey(s, scores + line, products + line, low, high, j - span, lasts.get(at[5] + j) + 1 - span, scale,
                        norms, dots);
            }
            down(s, products, queriesDown, count, keySums + row * padded, low, high);
            down(s, scores, gradientsDown, count, valueSums + row * padded, low, high);
        }
    }
}
