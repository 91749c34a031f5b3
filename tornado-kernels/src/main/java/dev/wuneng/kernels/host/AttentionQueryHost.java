package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.View;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The gradient of attention's queries: blocks of queries, spans of keys. */
public final class AttentionQueryHost extends AttentionHost {
    private final View q;
    private final View k;
    private final View v;
    private final View dO;
    private final View stats;
    private final View first;
    private final View dq;
    private final int queries;
    private final int gradients;
    private final int sums;
    private final int keys;
    private final int values;
    private final int keysDown;
    private final int scores;
    private final int products;
    private final int transposing;

    public AttentionQueryHost(View q, View k, View v, View dO, View stats, View first, View dq, int rows, int heads, int kvHeads, int headSize) {
        super(true, rows, heads, kvHeads, headSize);
        this.q = q;
        this.k = k;
        this.v = v;
        this.dO = dO;
        this.stats = stats;
        this.first = first;
        this.dq = dq;
        queries = reserve(shared * blockRows * headSize);
        gradients = reserve(shared * blockRows * headSize);
        sums = reserve(shared * blockRows * padded);
        keys = reserve(SPAN * headSize);
        values = reserve(SPAN * headSize);
        keysDown = reserve(SPAN * padded);
        scores = reserve(Tile.ROWS * SPAN);
        products = reserve(Tile.ROWS * SPAN);
        transposing = reserve(Transposition.SCRATCH);
    }

    @Override
    void block(int top, int bottom, int kvHead, int[] at, float[] s) {
        IntArray firsts = first.buffer().ints();
        zero(s, sums, shared * blockRows * padded);
        for (int e = 0; e < shared; e++) {
            packRows(q, at[0], heads, kvHead * shared + e, top, bottom, s, queries + e * blockRows * headSize);
            packRows(dO, at[3], heads, kvHead * shared + e, top, bottom, s, gradients + e * blockRows * headSize);
        }
        for (int span = least(firsts, at[5], top, bottom); span < bottom; span += SPAN) {
            int count = Math.min(SPAN, bottom - span);
            packAcross(k, at[1], kvHeads, kvHead, span, count, s, keys, transposing);
            packAcross(v, at[2], kvHeads, kvHead, span, count, s, values, transposing);
            packDown(k, at[1], kvHeads, kvHead, span, count, s, keysDown);
            for (int r = top; r < bottom; r += Tile.ROWS) {
                int end = Math.min(bottom, r + Tile.ROWS);
                int low = Math.max(0, least(firsts, at[5], r, end) - span);
                int high = Math.min(count, end - span);
                for (int e = 0; low < high && e < shared; e++) {
                    tile(s, e * blockRows + r - top, kvHead * shared + e, r, end, span, count, low, high, at);
                }
            }
        }
        for (int e = 0; e < shared; e++) {
            for (int r = top; r < bottom; r++) {
                AttentionRows.write(s, sums + (e * blockRows + r - top) * padded, scale, dq, element(at[6], heads, kvHead * shared + e, r), headSize);
            }
        }
    }

    private void tile(float[] s, int row, int head, int top, int bottom, int span, int count, int low, int high, int[] at) {
        IntArray firsts = first.buffer().ints();
        FloatArray statistics = stats.floats();
        across(s, queries + row * headSize, keys, scores, low, high);
        across(s, gradients + row * headSize, values, products, low, high);
        for (int r = top; r < bottom; r++) {
            int line = (r - top) * SPAN;
            int s0 = at[4] + (r * heads + head) * 2;
            AttentionRows.differentiateQuery(s, scores + line, products + line, low, high, firsts.get(at[5] + r) - span, r - span + 1, scale,
                    statistics.get(s0), statistics.get(s0 + 1));
        }
        down(s, products, keysDown, count, sums + row * padded, low, high);
    }
}
