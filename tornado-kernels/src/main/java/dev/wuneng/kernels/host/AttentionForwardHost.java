package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.View;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Attention forward: blocks of queries, spans of keys. */
public final class AttentionForwardHost extends AttentionHost {
    /** For each query: the maximum of its scores, then the sum of weights by lanes. */
    private static final int STATE = 1 + Tile.WIDEST / 2;

    private final View q;
    private final View k;
    private final View v;
    private final View first;
    private final View o;
    private final View lse;
    private final int queries;
    private final int sums;
    private final int states;
    private final int keys;
    private final int values;
    private final int scores;
    private final int transposing;

    public AttentionForwardHost(View q, View k, View v, View first, View o, View lse, int rows, int heads, int kvHeads, int headSize) {
        super(true, rows, heads, kvHeads, headSize);
        this.q = q;
        this.k = k;
        this.v = v;
        this.first = first;
        this.o = o;
        this.lse = lse;
        queries = reserve(shared * blockRows * headSize);
        sums = reserve(shared * blockRows * padded);
        states = reserve(shared * blockRows * STATE);
        keys = reserve(SPAN * headSize);
        values = reserve(SPAN * padded);
        scores = reserve(Tile.ROWS * SPAN);
        transposing = reserve(Transposition.SCRATCH);
    }

    @Override
    void block(int top, int bottom, int kvHead, int[] at, float[] s) {
        IntArray firsts = first.buffer().ints();
        // The last span's columns behind the block are masked, but must hold numbers.
        zero(s, keys, SPAN * headSize);
        zero(s, sums, shared * blockRows * padded);
        zero(s, states, shared * blockRows * STATE);
        for (int e = 0; e < shared; e++) {
            packRows(q, at[0], heads, kvHead * shared + e, top, bottom, s, queries + e * blockRows * headSize);
            for (int r = 0; r < blockRows; r++) {
                s[states + (e * blockRows + r) * STATE] = AttentionRows.LOWEST_MAXIMUM;
            }
        }
        for (int span = least(firsts, at[3], top, bottom); span < bottom; span += SPAN) {
            int count = Math.min(SPAN, bottom - span);
            packAcross(k, at[1], kvHeads, kvHead, span, count, s, keys, transposing);
            packDown(v, at[2], kvHeads, kvHead, span, count, s, values);
            for (int r = top; r < bottom; r += Tile.ROWS) {
                int end = Math.min(bottom, r + Tile.ROWS);
                int low = Math.max(0, least(firsts, at[3], r, end) - span);
                int high = Math.min(count, end - span);
                for (int e = 0; low < high && e < shared; e++) {
                    tile(s, e * blockRows + r - top, r, end, span, count, low, high, firsts, at[3]);
                }
            }
        }
        for (int e = 0; e < shared; e++) {
            for (int r = top; r < bottom; r++) {
                finish(s, e * blockRows + r - top, r, kvHead * shared + e, at);
            }
        }
    }

    private void tile(float[] s, int row, int top, int bottom, int span, int count, int low, int high, IntArray firsts, int first0) {
        across(s, queries + row * headSize, keys, scores, low, high);
        for (int r = top; r < bottom; r++) {
            soften(s, scores + (r - top) * SPAN, row + r - top, low, high, firsts.get(first0 + r) - span, r - span + 1);
        }
        down(s, scores, values, count, sums + row * padded, low, high);
    }

    /** Takes a line of scores into a row's online softmax and leaves weights exp(score − maximum so far) in it. */
    private void soften(float[] s, int line, int row, int from, int to, int low, int high) {
        int state = states + row * STATE;
        float maximum = AttentionRows.maximum(s, line, from, to, low, high, scale);
        if (maximum > s[state]) {
            AttentionRows.rescale(s, (float) Math.exp(s[state] - maximum), state + 1, sums + row * padded, padded);
            s[state] = maximum;
        }
        AttentionRows.weigh(s, line, from, to, s[state], state + 1);
    }

    private void finish(float[] s, int row, int r, int head, int[] at) {
        float total = AttentionRows.total(s, states + row * STATE + 1);
        AttentionRows.write(s, sums + row * padded, 1 / total, o, element(at[4], heads, head, r), headSize);
        FloatArray logs = lse.floats();
        logs.set(at[5] + r * heads + head, (float) (s[states + row * STATE] + Math.log(total)));
    }
}
