package dev.wuneng.kernels.op;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.JvmExecutor;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.kernels.run.View;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AttentionTest {
    private static final int HEADS = 3;
    private static final int KV_HEADS = 1;
    private static final int HEAD_SIZE = 20;
    private static final int[] DOCUMENTS = {160, 17, 1, 272};
    private static final int ROWS = 450;

    /** Everything attention computes of the given rows of q, k, v and dO. */
    private record Computed(float[] o, float[] dq, float[] dk, float[] dv) {
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 25})
    void aPackedRowIsItsDocumentsAlone(int window) {
        Random random = new Random(3);
        float[] q = gaussian(random, ROWS * HEADS * HEAD_SIZE);
        float[] k = gaussian(random, ROWS * KV_HEADS * HEAD_SIZE);
        float[] v = gaussian(random, ROWS * KV_HEADS * HEAD_SIZE);
        float[] dO = gaussian(random, ROWS * HEADS * HEAD_SIZE);
        try (JvmExecutor executor = new JvmExecutor(2); JvmExecutor plain = JvmExecutor.plain(2)) {
            Computed packed = compute(executor, q, k, v, dO, 0, ROWS, positions(), window);
            assertSame(compute(plain, q, k, v, dO, 0, ROWS, positions(), window), packed, 0, ROWS);
            int start = 0;
            for (int length : DOCUMENTS) {
                int[] pos = new int[length];
                Arrays.setAll(pos, t -> t);
                assertSame(compute(executor, q, k, v, dO, start, length, pos, window), packed, start, length);
                start += length;
            }
        }
    }

    @Test
    void spansEndAtDocumentsWindowsAndSequences() {
        int[] first = new int[8];
        int[] last = new int[8];
        Attention.fillSpans(new int[] {0, 1, 2, 0, 0, 1, 2, 3}, first, last, 4, 0);
        assertArrayEquals(new int[] {0, 0, 0, 3, 4, 4, 4, 4}, first);
        assertArrayEquals(new int[] {2, 2, 2, 3, 7, 7, 7, 7}, last);
        Attention.fillSpans(new int[] {0, 1, 2, 0, 0, 1, 2, 3}, first, last, 4, 2);
        assertArrayEquals(new int[] {0, 0, 1, 3, 4, 4, 5, 6}, first);
        assertArrayEquals(new int[] {1, 2, 2, 3, 5, 6, 7, 7}, last);
    }

    private static int[] positions() {
        int[] pos = new int[ROWS];
        int at = 0;
        for (int length : DOCUMENTS) {
            for (int t = 0; t < length; t++) {
                pos[at++] = t;
            }
        }
        return pos;
    }

    private static Computed compute(JvmExecutor executor, float[] q, float[] k, float[] v, float[] dO, int start, int rows, int[] pos, int window) {
        int wide = HEADS * HEAD_SIZE;
        int narrow = KV_HEADS * HEAD_SIZE;
        int[] first = new int[rows];
        int[] last = new int[rows];
        Attention.fillSpans(pos, first, last, rows, window);
        View qs = buffer(q, start * wide, rows * wide);
        View ks = buffer(k, start * narrow, rows * narrow);
        View vs = buffer(v, start * narrow, rows * narrow);
        View gs = buffer(dO, start * wide, rows * wide);
        View o = buffer(null, 0, rows * wide);
        View lse = buffer(null, 0, rows * HEADS);
        View stats = buffer(null, 0, rows * HEADS * 2);
        View dq = buffer(null, 0, rows * wide);
        View dk = buffer(null, 0, rows * narrow);
        View dv = buffer(null, 0, rows * narrow);
        View firsts = ints(first);
        List<Launch> launches = List.of(Attention.forward(qs, ks, vs, firsts, o, lse, rows, HEADS, KV_HEADS, HEAD_SIZE),
                Attention.backwardPrepare(o, gs, lse, stats, rows, HEADS, HEAD_SIZE),
                Attention.backwardQuery(qs, ks, vs, gs, stats, firsts, dq, rows, HEADS, KV_HEADS, HEAD_SIZE),
                Attention.backwardKeyValue(qs, ks, vs, gs, stats, ints(last), dk, dv, rows, HEADS, KV_HEADS, HEAD_SIZE));
        executor.run(new Program("attention", launches), 0);
        return new Computed(o.floats().toHeapArray(), dq.floats().toHeapArray(), dk.floats().toHeapArray(), dv.floats().toHeapArray());
    }

    /** Compares rows alone with those that begin at {@code start} of the packed ones. */
    private static void assertSame(Computed alone, Computed packed, int start, int rows) {
        assertNear(alone.o, packed.o, start * HEADS * HEAD_SIZE, rows * HEADS * HEAD_SIZE);
        assertNear(alone.dq, packed.dq, start * HEADS * HEAD_SIZE, rows * HEADS * HEAD_SIZE);
        assertNear(alone.dk, packed.dk, start * KV_HEADS * HEAD_SIZE, rows * KV_HEADS * HEAD_SIZE);
        assertNear(alone.dv, packed.dv, start * KV_HEADS * HEAD_SIZE, rows * KV_HEADS * HEAD_SIZE);
    }

    private static void assertNear(float[] alone, float[] packed, int start, int size) {
        for (int i = 0; i < size; i++) {
            assertEquals(alone[i], packed[start + i], 2e-5f);
        }
    }

    private static float[] gaussian(Random random, int size) {
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static View buffer(float[] values, int start, int size) {
        Buffer buffer = Buffer.floats("b", size);
        for (int i = 0; i < size; i++) {
            buffer.floats().set(i, values == null ? Float.NaN : values[start + i]);
        }
        return buffer.view();
    }

    private static View ints(int[] values) {
        Buffer buffer = Buffer.ints("b", values.length);
        for (int i = 0; i < values.length; i++) {
            buffer.ints().set(i, values[i]);
        }
        return buffer.view();
    }
}
