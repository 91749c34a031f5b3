package dev.wuneng.kernels.check;

import dev.wuneng.kernels.check.OpCase.Tensor;
import dev.wuneng.kernels.op.Attention;
import dev.wuneng.kernels.op.CachedAttention;
import dev.wuneng.kernels.op.Rope;
import dev.wuneng.kernels.run.View;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Cases of the rotary positions and of attention. */
final class AttentionCases {
    private AttentionCases() {
    }

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        cases.add(rope(1, 1, 8, 1));
        cases.add(rope(17, 3, 16, 5));
        cases.add(rope(63, 2, 6, 63));
        cases.add(rope(15, 7, 64, 15));
        cases.add(attention(1, 1, 1, 1, 8, 0));
        cases.add(attention(1, 15, 2, 2, 8, 0, 15));
        cases.add(attention(2, 17, 7, 1, 8, 0, 5, 12));
        cases.add(attention(1, 63, 4, 2, 16, 0, 20, 1, 42));
        cases.add(attention(1, 63, 2, 1, 8, 7, 40, 23));
        cases.add(attention(3, 15, 3, 1, 7, 1, 15));
        cases.add(attention(1, 17, 2, 1, 64, 16, 17));
        cases.add(attention(2, 50, 3, 1, 64, 0, 21, 29));
        cases.add(attention(1, 99, 2, 2, 64, 37, 99));
        cases.add(attention(1, 96, 4, 2, 64, 0, 41, 1, 54));
        cases.add(attention(1, 400, 1, 1, 2, 0, 400));
        cases.add(attention(1, 210, 2, 1, 2, 130, 195, 15));
        cases.add(cached(0, 1, 1, 1, 8, 0));
        cases.add(cached(16, 1, 7, 1, 64, 0));
        cases.add(cached(0, 15, 4, 2, 16, 0));
        cases.add(cached(300, 5, 2, 2, 7, 0));
        cases.add(cached(37, 3, 2, 1, 100, 0));
        cases.add(cached(63, 17, 2, 1, 128, 33));
        return cases;
    }

    private static OpCase rope(int rows, int heads, int headSize, int segment) {
        OpCase c = new OpCase("rope", "rows=" + rows + " heads=" + heads + " head=" + headSize + " segment=" + segment);
        int half = headSize / 2;
        Tensor x = c.input("x", rows * heads * headSize);
        Tensor pos = c.ints("pos", IntStream.range(0, rows).map(r -> r % segment).toArray());
        Tensor cos = c.input("cos", segment * half).constant();
        Tensor sin = c.input("sin", segment * half).constant();
        Tensor y = c.output("y", rows * heads * headSize);
        c.reference(v -> {
            for (int i = 0; i < rows * heads; i++) {
                for (int j = 0; j < half; j++) {
                    int angle = (int) v.in(pos)[i / heads] * half + j;
                    double first = v.in(x)[i * headSize + j];
                    double second = v.in(x)[i * headSize + j + half];
                    v.out(y)[i * headSize + j] = first * v.in(cos)[angle] - second * v.in(sin)[angle];
                    v.out(y)[i * headSize + j + half] = second * v.in(cos)[angle] + first * v.in(sin)[angle];
                }
            }
        });
        c.forward(Rope.forward(x.view(), pos.view(), cos.view(), sin.view(), y.view(), rows, heads, headSize));
        c.backward(Rope.backward(y.grad(), pos.view(), cos.view(), sin.view(), x.grad(), rows, heads, headSize));
        return c;
    }

    /** @param segments the lengths of the documents in a sequence, of which there are {@code sequences} alike */
    static OpCase attention(int sequences, int length, int heads, int kvHeads, int headSize, int window, int... segments) {
        OpCase c = new OpCase("attention", "rows=" + sequences + "*" + length + " heads=" + heads + ":" + kvHeads + " head=" + headSize
                + " window=" + window + " segments=" + Arrays.toString(segments));
        int rows = sequences * length;
        int[] pos = new int[rows];
        int at = 0;
        for (int s = 0; s < sequences; s++) {
            for (int segment : segments) {
                for (int t = 0; t < segment; t++) {
                    pos[at++] = t;
                }
            }
        }
        int[] first = new int[rows];
        int[] last = new int[rows];
        Attention.fillSpans(pos, first, last, length, window);
        Tensor q = c.input("q", rows * heads * headSize);
        Tensor k = c.input("k", rows * kvHeads * headSize);
        Tensor v = c.input("v", rows * kvHeads * headSize);
        Tensor firsts = c.ints("first", first);
        Tensor lasts = c.ints("last", last);
        Tensor o = c.output("o", rows * heads * headSize);
        Tensor lse = c.output("lse", rows * heads).constant();
        View stats = c.scratch("stats", rows * heads * 2);
        c.reference(x -> {
            for (int r = 0; r < rows; r++) {
                for (int h = 0; h < heads; h++) {
                    int start = Math.max(r - pos[r], window > 0 ? r - window + 1 : 0);
                    reference(x.in(q), x.in(k), x.in(v), x.out(o), x.out(lse), r, h, h * kvHeads / heads, start, heads, kvHeads, headSize);
                }
            }
        });
        c.forward(Attention.forward(q.view(), k.view(), v.view(), firsts.view(), o.view(), lse.view(), rows, heads, kvHeads, headSize));
        c.backward(Attention.backwardPrepare(o.view(), o.grad(), lse.view(), stats, rows, heads, headSize),
                Attention.backwardQuery(q.view(), k.view(), v.view(), o.grad(), stats, firsts.view(), q.grad(), rows, heads, kvHeads, headSize),
                Attention.backwardKeyValue(q.view(), k.view(), v.view(), o.grad(), stats, lasts.view(), k.grad(), v.grad(),
                        rows, heads, kvHeads, headSize));
        return c;
    }

    /** @param before the tokens in the caches, to which {@code rows} new ones come; the caches have room for three more */
    private static OpCase cached(int before, int rows, int heads, int kvHeads, int headSize, int window) {
        OpCase c = new OpCase("cached_attention", "before=" + before + " rows=" + rows + " heads=" + heads + ":" + kvHeads + " head=" + headSize
                + " window=" + window);
        int width = kvHeads * headSize;
        int room = (before + rows + 3) * width;
        Tensor q = c.input("q", rows * heads * headSize).constant();
        Tensor k = c.input("k", rows * width).constant();
        Tensor v = c.input("v", rows * width).constant();
        Tensor pos = c.ints("pos", IntStream.range(before, before + rows).toArray());
        Tensor keys = c.updated("keys", room);
        Tensor values = c.updated("values", room);
        Tensor o = c.output("o", rows * heads * headSize).constant();
        c.reference(x -> {
            System.arraycopy(x.in(keys), 0, x.out(keys), 0, room);
            System.arraycopy(x.in(values), 0, x.out(values), 0, room);
            System.arraycopy(x.in(k), 0, x.out(keys), before * width, rows * width);
            System.arraycopy(x.in(v), 0, x.out(values), before * width, rows * width);
            double[] queries = new double[(before + rows) * heads * headSize];
            double[] all = new double[queries.length];
            System.arraycopy(x.in(q), 0, queries, before * heads * headSize, rows * heads * headSize);
            for (int r = before; r < before + rows; r++) {
                for (int h = 0; h < heads; h++) {
                    reference(queries, x.out(keys), x.out(values), all, new double[(before + rows) * heads], r, h, h * kvHeads / heads,
                            window > 0 ? Math.max(0, r - window + 1) : 0, heads, kvHeads, headSize);
                }
            }
            System.arraycopy(all, before * heads * headSize, x.out(o), 0, rows * heads * headSize);
        });
        return c.forward(CachedAttention.keep(k.view(), pos.view(), keys.view(), rows, width),
                CachedAttention.keep(v.view(), pos.view(), values.view(), rows, width),
                CachedAttention.forward(q.view(), keys.view(), values.view(), pos.view(), o.view(), rows, heads, kvHeads, headSize, window));
    }

    private static void reference(double[] q, double[] k, double[] v, double[] o, double[] lse, int r, int h, int g, int start,
            int heads, int kvHeads, int headSize) {
        double[] weights = new double[r - start + 1];
        double sum = 0;
        for (int j = start; j <= r; j++) {
            double score = 0;
            for (int n = 0; n < headSize; n++) {
                score += q[(r * heads + h) * headSize + n] * k[(j * kvHeads + g) * headSize + n];
            }
            weights[j - start] = Math.exp(score / Math.sqrt(headSize));
            sum += weights[j - start];
        }
        lse[r * heads + h] = Math.log(sum);
        for (int j = start; j <= r; j++) {
            for (int n = 0; n < headSize; n++) {
                o[(r * heads + h) * headSize + n] += weights[j - start] / sum * v[(j * kvHeads + g) * headSize + n];
            }
        }
    }
}
