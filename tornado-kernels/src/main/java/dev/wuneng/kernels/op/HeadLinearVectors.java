package dev.wuneng.kernels.op;

import dev.wuneng.kernels.run.Kernel;
import dev.wuneng.kernels.run.VectorForm;
import java.util.Optional;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/** {@link HeadLinear} in the tiles of {@link GemmVectors}, where the heads' vectors that are written are whole vectors. */
final class HeadLinearVectors {
    private HeadLinearVectors() {
    }

    static Optional<VectorForm> forward(int rows, int heads, int out) {
        Kernel.K15<Integer, Integer, IntArray, Integer, FloatArray, FloatArray, ShortArray, FloatArray, Integer, Integer, Integer, Integer, Integer, Integer, Integer>
                kernel = HeadLinearVectors::headLinearVectorsForward;
        return GemmVectors.form(kernel, heads, rows, out);
    }

    static Optional<VectorForm> backwardInput(int rows, int heads, int in) {
        Kernel.K15<Integer, Integer, IntArray, Integer, FloatArray, FloatArray, ShortArray, FloatArray, Integer, Integer, Integer, Integer, Integer, Integer, Integer>
                kernel = HeadLinearVectors::headLinearVectorsBackwardInput;
        return GemmVectors.form(kernel, heads, rows, in);
    }

    static Optional<VectorForm> backwardWeight(int heads, int out, int in) {
        Kernel.K13<Integer, Integer, IntArray, Integer, FloatArray, FloatArray, ShortArray, FloatArray, Integer, Integer, Integer, Integer, Integer>
                kernel = HeadLinearVectors::headLinearVectorsBackwardWeight;
        return GemmVectors.form(kernel, heads, out, in);
    }

    public static void headLinearVectorsForward(int from, int to, IntArray at, int p, FloatArray x, FloatArray w, ShortArray halves, FloatArray y,
            int rows, int heads, int out, int in, int ldw, int accumulate, int type) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int t = from + item;
            int across = out / 16;
            int line = t / across;
            int r = line / heads;
            int h = line - r * heads;
            int y0 = at.get(p + 3) + h * out;
            GemmVectors.gemmVectorsTile(r * 8, (t - line * across) * 16, x, at.get(p) + h * in, heads * in, 1, w, halves, type,
                    at.get(type == 0 ? p + 1 : p + 2) + h * out * ldw, 1, ldw, y, y0, heads * out, y, y0, heads * out, accumulate, rows, in);
        }
    }

    public static void headLinearVectorsBackwardInput(int from, int to, IntArray at, int p, FloatArray dy, FloatArray w, ShortArray halves, FloatArray dx,
            int rows, int heads, int out, int in, int ldw, int accumulate, int type) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int t = from + item;
            int across = in / 16;
            int line = t / across;
            int r = line / heads;
            int h = line - r * heads;
            int d0 = at.get(p + 3) + h * in;
            GemmVectors.gemmVectorsTile(r * 8, (t - line * across) * 16, dy, at.get(p) + h * out, heads * out, 1, w, halves, type,
                    at.get(type == 0 ? p + 1 : p + 2) + h * out * ldw, ldw, 1, dx, d0, heads * in, dx, d0, heads * in, accumulate, rows, out);
        }
    }

    public static void headLinearVectorsBackwardWeight(int from, int to, IntArray at, int p, FloatArray dy, FloatArray x, ShortArray halves, FloatArray dw,
            int rows, int heads, int out, int in, int ldw) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int t = from + item;
            int across = in / 16;
            int down = (out + 7) / 8;
            int line = t / across;
            int h = line / down;
            int d0 = at.get(p + 3) + h * out * ldw;
            GemmVectors.gemmVectorsTile((line - h * down) * 8, (t - line * across) * 16, dy, at.get(p) + h * out, 1, heads * out,
                    x, halves, 0, at.get(p + 1) + h * in, heads * in, 1, dw, d0, ldw, dw, d0, ldw, 1, out, rows);
        }
    }
}
