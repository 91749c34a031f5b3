package dev.wuneng.kernels.op;

import dev.wuneng.kernels.host.EmbeddingHost;
import dev.wuneng.kernels.host.WholeVectors;
import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.HostForm;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import java.util.Arrays;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * Rows of the embedding table by token id, and the gradient of the table:
 *
 * <pre>
 *   x_r = E[id_r]
 *   dE[v] += Σ_(r: id_r = v) dx_r
 * </pre>
 *
 * <p>{@code ids} is [rows], {@code x} is [rows, width], {@code E} is [vocabulary, width] and may be {@link Stored}
 * in half precision. The backward pass has no atomics: the host sorts
 * the rows by token ({@link #order}), and the item of a run's first row adds the whole run up, in the order of the rows.
 */
public final class Embedding {
    private Embedding() {
    }

    /** Writes x. */
    public static Launch forward(View ids, View table, View x, int rows, int width) {
        return Launch.of("embedding.forward", Embedding::embeddingForward, rows * width, ids, Stored.floats(table), Stored.halves(table), x, width,
                Stored.type(table))
                .onHost(() -> table.type() == Buffer.Type.F32 ? new HostForm(rows, EmbeddingHost.forward(ids, table, x, width)) : null);
    }

    /** Adds to dtable; {@code order} and {@code runs} are [rows], as {@link #order} fills them from the same ids. */
    public static Launch backward(View ids, View order, View runs, View dx, View dtable, int rows, int width) {
        return Launch.of("embedding.backward", Embedding::embeddingBackward, rows * width, ids, order, runs, dx, dtable, width)
                .onHost(() -> WholeVectors.form(width, rows, EmbeddingHost.backward(ids, order, runs, dx, dtable, width)));
    }

    /**
     * Fills {@code order} with the row numbers sorted by token id, rows of one token in their own order, and {@code runs} with the number of
     * rows of a token where its first row stands and 0 behind it.
     */
    public static void order(IntArray ids, IntArray order, IntArray runs) {
        long[] sorted = new long[ids.getSize()];
        Arrays.setAll(sorted, r -> (long) ids.get(r) << Integer.SIZE | r);
        Arrays.sort(sorted);
        int first = 0;
        for (int i = 0; i < sorted.length; i++) {
            order.set(i, (int) sorted[i]);
            runs.set(i, 0);
            if (sorted[i] >> Integer.SIZE != sorted[first] >> Integer.SIZE) {
                first = i;
            }
            runs.set(first, i - first + 1);
        }
    }

    public static void embeddingForward(int from, int to, IntArray at, int p, IntArray ids, FloatArray table, ShortArray halves, FloatArray x,
            int width, int type) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            int r = i / width;
            int j = i - r * width;
            int id = ids.get(at.get(p) + r);
            x.set(at.get(p + 3) + i, Stored.storedRead(table, halves, type, at.get(type == 0 ? p + 1 : p + 2) + id * width + j));
        }
    }

    public static void embeddingBackward(int from, int to, IntArray at, int p, IntArray ids, IntArray order, IntArray runs,
            FloatArray dx, FloatArray dtable, int width) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            int first = i / width;
            int j = i - first * width;
            int o0 = at.get(p + 1) + first;
            int x0 = at.get(p + 3) + j;
            int run = runs.get(at.get(p + 2) + first);
            if (run > 0) {
                float sum = 0f;
                for (int k = 0; k < run; k++) {
                    sum += dx.get(x0 + order.get(o0 + k) * width);
                }
                int e = at.get(p + 4) + ids.get(at.get(p) + order.get(o0)) * width + j;
                dtable.set(e, dtable.get(e) + sum);
            }
        }
    }
}
