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
 * {@link Attention} backward as a GPU wants it, for heads of 64; readers are those of {@link AttentionGroups}. A work-group of 128 items has
 * 32 readers of a key head and walks over the keys of their spans, or has 32 keys and walks over their readers, 32 at a time. Of every block
 * one half of the items computes s and the weights p, the other t = dO · v and (t − D) / √N, and ds is the product of both; then the sums follow.
 *
 * <pre>
 *   item (half, a, b), a &lt; 8, b &lt; 8, has lines a, a + 8, a + 16, a + 24 of what its group keeps, and of them
 *     s (half 0) or t (half 1) of lines b, b + 8, b + 16, b + 24 of what the group walks over, and
 *     of dq elements 32 · half + 4b … 32 · half + 4b + 3, or of dv (half 0) or dk (half 1) elements 4b … 4b + 3 and 32 + 4b … 32 + 4b + 3
 *
 *   local memory: 32 lines each of q and dO, and of k and v, at line · 68 + element, first those that the group keeps;
 *   p and (t − D) / √N at kept line · 40 + other line, of which ds replaces the one that is not needed any more
 * </pre>
 *
 * <p>A score outside of a span is masked, which makes its weight 0, and a reader or key behind the last stands in for the last. Sums run in
 * the order of the keys, or of the readers.
 */
final class AttentionGradientGroups {
    private static final int LINES = 32;
    private static final int LOCAL_BYTES = (4 * LINES * 68 + 2 * LINES * 40) * 4;

    private AttentionGradientGroups() {
    }

    static Optional<GroupForm> query(int rows, int heads, int kvHeads, int headSize) {
        Kernel.K14<KernelContext, IntArray, Integer, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, IntArray, FloatArray, Integer, Integer, Integer, Integer> kernel
                = AttentionGradientGroups::attentionGradientGroupsQuery;
        return form(kernel, rows * (heads / kvHeads), rows, kvHeads, headSize);
    }

    static Optional<GroupForm> keyValue(int rows, int heads, int kvHeads, int headSize) {
        Kernel.K15<KernelContext, IntArray, Integer, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, IntArray, FloatArray, FloatArray, Integer, Integer, Integer, Integer> kernel
                = AttentionGradientGroups::attentionGradientGroupsKeyValue;
        return form(kernel, rows, rows, kvHeads, headSize);
    }

    private static Optional<GroupForm> form(Kernel kernel, int lines, int rows, int kvHeads, int headSize) {
        int groups = (lines + LINES - 1) / LINES * kvHeads;
        return headSize == AttentionGroups.HEAD ? Optional.of(new GroupForm(kernel, groups, AttentionGroups.ITEMS, LOCAL_BYTES, List.of(rows)))
                : Optional.empty();
    }

    public static void attentionGradientGroupsQuery(KernelContext context, IntArray at, int p, FloatArray q, FloatArray k, FloatArray v,
            FloatArray dO, FloatArray stats, IntArray first, FloatArray dq, int heads, int kvHeads, int headSize, int rows) {
        float[] lines = context.allocateFloatLocalArray(8704);
        float[] products = context.allocateFloatLocalArray(2560);
        int item = context.localIdx;
        int half = item / 64;
        int a = (item & 63) / 8;
        int b = item & 7;
        int shared = heads / kvHeads;
        int readers = rows * shared;
        int start = context.groupIdx / kvHeads * 32;
        int kv = context.groupIdx - context.groupIdx / kvHeads * kvHeads;
        int h0 = kv * shared;
        int bottom = Math.min(start + 31, readers - 1) / shared;
        int first0 = at.get(p + 5);
        int from = bottom;
        for (int r = start / shared; r <= bottom; r++) {
            from = Math.min(from, first.get(first0 + r));
        }
        int element = item & 63;
        float[] got = new float[32];
        AttentionGroups.attentionGroupsFetchReaders(got, 0, q, at.get(p) + h0 * 64 + element, start + half, readers, 0, shared, heads);
        AttentionGroups.attentionGroupsFetchReaders(got, 16, dO, at.get(p + 3) + h0 * 64 + element, start + half, readers, 0, shared, heads);
        for (int i = 0; i < 16; i++) {
            lines[(half + 2 * i) * 68 + element] = got[i];
            lines[(half + 2 * i) * 68 + element + 2176] = got[i + 16];
        }
        int[] rowOf = new int[4];
        int[] firstOf = new int[4];
        float[] stat = new float[4];
        int stats0 = at.get(p + 4) + h0 * 2 + half;
        for (int i = 0; i < 4; i++) {
            rowOf[i] = Math.min(start + a + 8 * i, readers - 1) / shared;
            firstOf[i] = first.get(first0 + rowOf[i]);
            stat[i] = stats.get(stats0 + Attention.attentionReader(start + a + 8 * i, readers, 0, shared, heads) * 2);
        }
        float[] sum = new float[16];
        for (int i = 0; i < 16; i++) {
            sum[i] = 0f;
        }
        float scale = 1f / TornadoMath.sqrt(headSize);
        int k0 = at.get(p + 1) + kv * 64 + element;
        int v0 = at.get(p + 2) + kv * 64 + element;
        AttentionGroups.attentionGroupsFetchKeys(got, 0, k, k0, from + half, bottom, kvHeads);
        AttentionGroups.attentionGroupsFetchKeys(got, 16, v, v0, from + half, bottom, kvHeads);
        for (int key = from; key <= bottom; key += 32) {
            context.localBarrier();
            for (int i = 0; i < 16; i++) {
                lines[(half + 2 * i) * 68 + element + 4352] = got[i];
                lines[(half + 2 * i) * 68 + element + 6528] = got[i + 16];
            }
            context.localBarrier();
            AttentionGroups.attentionGroupsFetchKeys(got, 0, k, k0, key + 32 + half, bottom, kvHeads);
            AttentionGroups.attentionGroupsFetchKeys(got, 16, v, v0, key + 32 + half, bottom, kvHeads);
            float[] tile = new float[16];
            for (int i = 0; i < 16; i++) {
                tile[i] = 0f;
            }
            for (int n = 0; n < 64; n++) {
                int x = half * 2176 + a * 68 + n;
                int y = half * 2176 + b * 68 + n + 4352;
                AttentionGroups.attentionGroupsAdd(tile, 0, lines[x], lines[x + 8 * 68], lines[x + 16 * 68], lines[x + 24 * 68],
                        lines[y], lines[y + 8 * 68], lines[y + 16 * 68], lines[y + 24 * 68]);
            }
            if (half == 0) {
                for (int i = 0; i < 16; i++) {
                    int c = key + b + 8 * (i & 3);
                    products[(a + 8 * (i / 4)) * 40 + b + 8 * (i & 3)] = TornadoMath.exp(
                            c >= firstOf[i / 4] && c <= rowOf[i / 4] ? tile[i] * scale - stat[i / 4] : AttentionGroups.MASKED);
                }
            } else {
                for (int i = 0; i < 16; i++) {
                    products[(a + 8 * (i / 4)) * 40 + b + 8 * (i & 3) + 1280] = (tile[i] - stat[i / 4]) * scale;
                }
            }
            context.localBarrier();
            for (int i = 0; i < 8; i++) {
                int x = (item / 32 + 4 * i) * 40 + (item & 31);
                products[x] *= products[x + 1280];
            }
            context.localBarrier();
            int depth = Math.min(32, bottom + 1 - key);
            for (int j = 0; j < depth; j++) {
                int x = a * 40 + j;
                int y = j * 68 + half * 32 + b * 4 + 4352;
                AttentionGroups.attentionGroupsAdd(sum, 0, products[x], products[x + 8 * 40], products[x + 16 * 40], products[x + 24 * 40],
                        lines[y], lines[y + 1], lines[y + 2], lines[y + 3]);
            }
        }
        int d0 = at.get(p + 6) + h0 * 64 + half * 32 + b * 4;
        for (int i = 0; i < 4; i++) {
            int reader = start + a + 8 * i;
            if (reader < readers) {
                int d = d0 + Attention.attentionReader(reader, readers, 0, shared, heads) * 64;
                for (int j = 0; j < 4; j++) {
                    dq.set(d + j, sum[i * 4 + j]);
                }
            }
        }
    }

    public static void attentionGradientGroupsKeyValue(KernelContext context, IntArray at, int p, FloatArray q, FloatArray k, FloatArray v,
            FloatArray dO, FloatArray stats, IntArray last, FloatArray dk, FloatArray dv, int heads, int kvHeads, int headSize, int rows) {
        float[] lines = context.allocateFloatLocalArray(8704);
        float[] products = context.allocateFloatLocalArray(2560);
        int item = context.localIdx;
        int half = item / 64;
        int a = (item & 63) / 8;
        int b = item & 7;
        int shared = heads / kvHeads;
        int start = context.groupIdx / kvHeads * 32;
        int kv = context.groupIdx - context.groupIdx / kvHeads * kvHeads;
        int h0 = kv * shared;
        int last0 = at.get(p + 5);
        int to = start;
        for (int j = start; j < Math.min(start + 32, rows); j++) {
            to = Math.max(to, last.get(last0 + j));
        }
        int readers = (to + 1 - start) * shared;
        int element = item & 63;
        float[] got = new float[32];
        AttentionGroups.attentionGroupsFetchKeys(got, 0, k, at.get(p + 1) + kv * 64 + element, start + half, rows - 1, kvHeads);
        AttentionGroups.attentionGroupsFetchKeys(got, 16, v, at.get(p + 2) + kv * 64 + element, start + half, rows - 1, kvHeads);
        for (int i = 0; i < 16; i++) {
            lines[(half + 2 * i) * 68 + element] = got[i];
            lines[(half + 2 * i) * 68 + element + 2176] = got[i + 16];
        }
        int[] lastOf = new int[4];
        for (int i = 0; i < 4; i++) {
            lastOf[i] = last.get(last0 + Math.min(start + a + 8 * i, rows - 1));
        }
        int[] rowOf = new int[4];
        float[] stat = new float[4];
        float[] sum = new float[32];
        for (int i = 0; i < 32; i++) {
            sum[i] = 0f;
        }
        float scale = 1f / TornadoMath.sqrt(headSize);
        int q0 = at.get(p) + h0 * 64 + element;
        int g0 = at.get(p + 3) + h0 * 64 + element;
        int stats0 = at.get(p + 4) + h0 * 2 + half;
        AttentionGroups.attentionGroupsFetchReaders(got, 0, q, q0, half, readers, start, shared, heads);
        AttentionGroups.attentionGroupsFetchReaders(got, 16, dO, g0, half, readers, start, shared, heads);
        for (int reader = 0; reader < readers; reader += 32) {
            for (int j = 0; j < 4; j++) {
                rowOf[j] = start + Math.min(reader + b + 8 * j, readers - 1) / shared;
                stat[j] = stats.get(stats0 + Attention.attentionReader(reader + b + 8 * j, readers, start, shared, heads) * 2);
            }
            context.localBarrier();
            for (int i = 0; i < 16; i++) {
                lines[(half + 2 * i) * 68 + element + 4352] = got[i];
                lines[(half + 2 * i) * 68 + element + 6528] = got[i + 16];
            }
            context.localBarrier();
            AttentionGroups.attentionGroupsFetchReaders(got, 0, q, q0, reader + 32 + half, readers, start, shared, heads);
            AttentionGroups.attentionGroupsFetchReaders(got, 16, dO, g0, reader + 32 + half, readers, start, shared, heads);
            float[] tile = new float[16];
            for (int i = 0; i < 16; i++) {
                tile[i] = 0f;
            }
            for (int n = 0; n < 64; n++) {
                int x = half * 2176 + a * 68 + n;
                int y = half * 2176 + b * 68 + n + 4352;
                AttentionGroups.attentionGroupsAdd(tile, 0, lines[x], lines[x + 8 * 68], lines[x + 16 * 68], lines[x + 24 * 68],
                        lines[y], lines[y + 8 * 68], lines[y + 16 * 68], lines[y + 24 * 68]);
            }
            if (half == 0) {
                for (int i = 0; i < 16; i++) {
                    int r = rowOf[i & 3];
                    products[(a + 8 * (i / 4)) * 40 + b + 8 * (i & 3)] = TornadoMath.exp(
                            r >= start + a + 8 * (i / 4) && r <= lastOf[i / 4] ? tile[i] * scale - stat[i & 3] : AttentionGroups.MASKED);
                }
            } else {
                for (int i = 0; i < 16; i++) {
                    products[(a + 8 * (i / 4)) * 40 + b + 8 * (i & 3) + 1280] = (tile[i] - stat[i & 3]) * scale;
                }
            }
            context.localBarrier();
            for (int i = 0; i < 8; i++) {
                int x = (item / 32 + 4 * i) * 40 + (item & 31);
                products[x + 1280] *= products[x];
            }
            context.localBarrier();
            int depth = Math.min(32, readers - reader);
            for (int e = 0; e < depth; e++) {
                int x = half * 1280 + a * 40 + e;
                int y = (1 - half) * 2176 + e * 68 + b * 4 + 4352;
                float x0 = products[x];
                float x1 = products[x + 8 * 40];
                float x2 = products[x + 16 * 40];
                float x3 = products[x + 24 * 40];
                AttentionGroups.attentionGroupsAdd(sum, 0, x0, x1, x2, x3, lines[y], lines[y + 1], lines[y + 2], lines[y + 3]);
                AttentionGroups.attentionGroupsAdd(sum, 16, x0, x1, x2, x3, lines[y + 32], lines[y + 33], lines[y + 34], lines[y + 35]);
            }
        }
        int d0 = at.get(half == 0 ? p + 7 : p + 6) + kv * 64 + b * 4;
        for (int i = 0; i < 4; i++) {
            int j = start + a + 8 * i;
            if (j < rows) {
                int d = d0 + j * kvHeads * 64;
                for (int n = 0; n < 4; n++) {
                    if (half == 0) {
                        dv.set(d + n, sum[i * 4 + n]);
                        dv.set(d + n + 32, sum[i * 4 + n + 16]);
                    } else {
                        dk.set(d + n, sum[i * 4 + n]);
                        dk.set(d + n + 32, sum[i * 4 + n + 16]);
                    }
                }
            }
        }
    }
}
