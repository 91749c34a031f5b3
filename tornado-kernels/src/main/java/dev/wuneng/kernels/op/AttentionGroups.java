package dev.wuneng.kernels.op;

import dev.wuneng.kernels.run.GroupForm;
import dev.wuneng.kernels.run.Kernel;
import java.util.List;
import java.util.Optional;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * {@link Attention} forward as a GPU wants it, for heads of 64. The query heads that read one key head, row after row, are its readers; a
 * work-group of 128 items takes 64 readers that follow each other and walks over the keys of their spans, 32 at a time: both in blocks that
 * lie in local memory, so that a key is fetched once for 64 readers.
 *
 * <pre>
 *   item (a, b), a &lt; 16, b &lt; 8, has readers a, a + 16, a + 32, a + 48 of its group, and of them
 *     the scores of keys b, b + 8, b + 16, b + 24 of a block, and
 *     the sums Σ p v of elements 4b … 4b + 3 and 32 + 4b … 32 + 4b + 3
 *
 *   local memory: queries and keys, values at row · 68 + element, weights at reader · 40 + key, tops at reader · 8 + b;
 *   68 and 40, so that neighbouring items read from and write to different banks, and so that four elements are 16 bytes in their place
 * </pre>
 *
 * <p>Of every block an item finds the largest of its own four scores of a reader, and then the largest of all eight items that have it; all
 * eight keep the same maximum so far. The sum of the weights each keeps of its own keys, until the end. The maximum begins above
 * {@link #MASKED}, so that the weight of a masked score is 0 even in a block that has no other. A reader or key behind the last stands in for it.
 *
 * <p>Sums run over an item's keys in their order, block after block: the same in every run. Local arrays are not handed to helpers, for the
 * reason in {@link GemmGroups}. A private array lies in registers where every index is a constant once loops of constant length are unrolled.
 * There a block is read to while the one before it is computed with, so that all its reads are under way at once and nobody waits for them.
 */
final class AttentionGroups {
    /** Elements of a head, all that these forms are made for. */
    static final int HEAD = 64;
    static final int ITEMS = 128;
    private static final int READERS = 64;
    private static final int LOCAL_BYTES = (READERS * 68 + 2 * 32 * 68 + READERS * 40 + READERS * 8) * 4;
    /** Stands for a score outside of the span; its weight is 0 beside any that a row can have. */
    static final float MASKED = -1e30f;

    private AttentionGroups() {
    }

    static Optional<GroupForm> forward(int rows, int heads, int kvHeads, int headSize) {
        Kernel.K13<KernelContext, IntArray, Integer, FloatArray, FloatArray, FloatArray, IntArray, FloatArray, FloatArray, Integer, Integer, Integer, Integer> kernel
                = AttentionGroups::attentionGroupsForward;
        int groups = (rows * (heads / kvHeads) + READERS - 1) / READERS * kvHeads;
        return headSize == HEAD ? Optional.of(new GroupForm(kernel, groups, ITEMS, LOCAL_BYTES, List.of(rows))) : Optional.empty();
    }

    public static void attentionGroupsForward(KernelContext context, IntArray at, int p, FloatArray q, FloatArray k, FloatArray v, IntArray first,
            FloatArray o, FloatArray lse, int heads, int kvHeads, int headSize, int rows) {
        float[] queries = context.allocateFloatLocalArray(4352);
        float[] keys = context.allocateFloatLocalArray(2176);
        float[] values = context.allocateFloatLocalArray(2176);
        float[] weights = context.allocateFloatLocalArray(2560);
        float[] tops = context.allocateFloatLocalArray(512);
        int item = context.localIdx;
        int a = item / 8;
        int b = item & 7;
        int shared = heads / kvHeads;
        int readers = rows * shared;
        int start = context.groupIdx / kvHeads * 64;
        int kv = context.groupIdx - context.groupIdx / kvHeads * kvHeads;
        int h0 = kv * shared;
        int bottom = Math.min(start + 63, readers - 1) / shared;
        int first0 = at.get(p + 3);
        int from = bottom;
        for (int r = start / shared; r <= bottom; r++) {
            from = Math.min(from, first.get(first0 + r));
        }
        int element = item & 63;
        int line = item / 64;
        int q0 = at.get(p) + h0 * 64 + element;
        float[] got = new float[32];
        attentionGroupsFetchReaders(got, 0, q, q0, start + line, readers, 0, shared, heads);
        attentionGroupsFetchReaders(got, 16, q, q0, start + line + 32, readers, 0, shared, heads);
        for (int i = 0; i < 32; i++) {
            queries[(line + 2 * i) * 68 + element] = got[i];
        }
        int[] rowOf = new int[4];
        int[] firstOf = new int[4];
        float[] top = new float[4];
        float[] sum = new float[4];
        float[] out = new float[32];
        for (int i = 0; i < 4; i++) {
            rowOf[i] = Math.min(start + a + 16 * i, readers - 1) / shared;
            firstOf[i] = first.get(first0 + rowOf[i]);
            top[i] = -1e29f;
            sum[i] = 0f;
        }
        for (int i = 0; i < 32; i++) {
            out[i] = 0f;
        }
        float scale = 1f / TornadoMath.sqrt(headSize);
        int k0 = at.get(p + 1) + kv * 64 + element;
        int v0 = at.get(p + 2) + kv * 64 + element;
        attentionGroupsFetchKeys(got, 0, k, k0, from + line, bottom, kvHeads);
        attentionGroupsFetchKeys(got, 16, v, v0, from + line, bottom, kvHeads);
        for (int key = from; key <= bottom; key += 32) {
            context.localBarrier();
            for (int i = 0; i < 16; i++) {
                keys[(line + 2 * i) * 68 + element] = got[i];
                values[(line + 2 * i) * 68 + element] = got[i + 16];
            }
            context.localBarrier();
            attentionGroupsFetchKeys(got, 0, k, k0, key + 32 + line, bottom, kvHeads);
            attentionGroupsFetchKeys(got, 16, v, v0, key + 32 + line, bottom, kvHeads);
            float[] score = new float[16];
            for (int i = 0; i < 16; i++) {
                score[i] = 0f;
            }
            for (int n = 0; n < 64; n++) {
                int x = a * 68 + n;
                int y = b * 68 + n;
                attentionGroupsAdd(score, 0, queries[x], queries[x + 16 * 68], queries[x + 32 * 68], queries[x + 48 * 68],
                        keys[y], keys[y + 8 * 68], keys[y + 16 * 68], keys[y + 24 * 68]);
            }
            for (int i = 0; i < 4; i++) {
                float most = MASKED;
                for (int j = 0; j < 4; j++) {
                    int c = key + b + 8 * j;
                    score[i * 4 + j] = c >= firstOf[i] && c <= rowOf[i] ? score[i * 4 + j] * scale : MASKED;
                    most = TornadoMath.max(most, score[i * 4 + j]);
                }
                tops[(a + 16 * i) * 8 + b] = most;
            }
            context.localBarrier();
            for (int i = 0; i < 4; i++) {
                int x = (a + 16 * i) * 8;
                float next = top[i];
                for (int j = 0; j < 8; j++) {
                    next = TornadoMath.max(next, tops[x + j]);
                }
                float keep = TornadoMath.exp(top[i] - next);
                top[i] = next;
                sum[i] *= keep;
                for (int j = 0; j < 4; j++) {
                    float weight = TornadoMath.exp(score[i * 4 + j] - next);
                    weights[(a + 16 * i) * 40 + b + 8 * j] = weight;
                    sum[i] += weight;
                    out[i * 4 + j] *= keep;
                    out[i * 4 + j + 16] *= keep;
                }
            }
            context.localBarrier();
            int depth = Math.min(32, bottom + 1 - key);
            for (int j = 0; j < depth; j++) {
                float w0 = weights[a * 40 + j];
                float w1 = weights[a * 40 + j + 16 * 40];
                float w2 = weights[a * 40 + j + 32 * 40];
                float w3 = weights[a * 40 + j + 48 * 40];
                int y = j * 68 + b * 4;
                attentionGroupsAdd(out, 0, w0, w1, w2, w3, values[y], values[y + 1], values[y + 2], values[y + 3]);
                attentionGroupsAdd(out, 16, w0, w1, w2, w3, values[y + 32], values[y + 33], values[y + 34], values[y + 35]);
            }
        }
        for (int i = 0; i < 4; i++) {
            tops[(a + 16 * i) * 8 + b] = sum[i];
        }
        context.localBarrier();
        int o0 = at.get(p + 4) + b * 4;
        int lse0 = at.get(p + 5);
        for (int i = 0; i < 4; i++) {
            float total = 0f;
            for (int j = 0; j < 8; j++) {
                total += tops[(a + 16 * i) * 8 + j];
            }
            int reader = start + a + 16 * i;
            if (reader < readers) {
                int head = Attention.attentionReader(reader, readers, 0, shared, heads) + h0;
                float part = 1f / total;
                for (int j = 0; j < 4; j++) {
                    o.set(o0 + head * 64 + j, out[i * 4 + j] * part);
                    o.set(o0 + head * 64 + j + 32, out[i * 4 + j + 16] * part);
                }
                if (b == 0) {
                    lse.set(lse0 + head, top[i] + TornadoMath.log(total));
                }
            }
        }
    }

    /** Reads an element of 16 readers, every other one from {@code reader} on, as {@link Attention#attentionReader} counts them. */
    static void attentionGroupsFetchReaders(float[] got, int from, FloatArray x, int x0, int reader, int readers, int row, int shared, int heads) {
        for (int i = 0; i < 16; i++) {
            got[from + i] = x.get(x0 + Attention.attentionReader(reader + 2 * i, readers, row, shared, heads) * 64);
        }
    }

    /** Reads an element of 16 keys or values, every other one from {@code key} on. */
    static void attentionGroupsFetchKeys(float[] got, int from, FloatArray x, int x0, int key, int last, int kvHeads) {
        for (int i = 0; i < 16; i++) {
            got[from + i] = x.get(x0 + Math.min(key + 2 * i, last) * kvHeads * 64);
        }
    }

    /** Adds the products of x and y to the four rows of four sums that begin at {@code s0}. */
    static void attentionGroupsAdd(float[] s, int s0, float x0, float x1, float x2, float x3, float y0, float y1, float y2, float y3) {
        s[s0] += x0 * y0;
        s[s0 + 1] += x0 * y1;
        s[s0 + 2] += x0 * y2;
        s[s0 + 3] += x0 * y3;
        s[s0 + 4] += x1 * y0;
        s[s0 + 5] += x1 * y1;
        s[s0 + 6] += x1 * y2;
        s[s0 + 7] += x1 * y3;
        s[s0 + 8] += x2 * y0;
        s[s0 + 9] += x2 * y1;
        s[s0 + 10] += x2 * y2;
        s[s0 + 11] += x2 * y3;
        s[s0 + 12] += x3 * y0;
        s[s0 + 13] += x3 * y1;
        s[s0 + 14] += x3 * y2;
        s[s0 + 15] += x3 * y3;
    }
}
