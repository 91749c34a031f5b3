package dev.wuneng.kernels.op;

import dev.wuneng.kernels.host.RopeHost;
import dev.wuneng.kernels.host.WholeVectors;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Rotary position embedding in the half-rotation form: channel j of a head turns with channel j + N/2,
 *
 * <pre>
 *   φ = pos_r · theta^(−2j/N),   y_j = x_j cos φ − x_(j+N/2) sin φ,   y_(j+N/2) = x_(j+N/2) cos φ + x_j sin φ
 * </pre>
 *
 * <p>and the gradient is the rotation by −φ. {@code x}, {@code y} are [rows, heads, headSize], {@code pos} [rows] is the position in the segment,
 * {@code cos}, {@code sin} are tables [positions, headSize / 2]. Source: Su et al., arXiv 2104.09864; the halves as in Hugging Face's Qwen2.
 */
public final class Rope {
    private Rope() {
    }

    /** Fills the tables, in float64 until the last step: float32 angles of late positions would be off by whole turns' fractions. */
    public static void fillTables(FloatArray cos, FloatArray sin, int positions, int headSize, double theta) {
        int half = headSize / 2;
        for (int j = 0; j < half; j++) {
            double frequency = Math.pow(theta, -2.0 * j / headSize);
            for (int position = 0; position < positions; position++) {
                cos.set(position * half + j, (float) Math.cos(position * frequency));
                sin.set(position * half + j, (float) Math.sin(position * frequency));
            }
        }
    }

    /** Writes y. */
    public static Launch forward(View x, View pos, View cos, View sin, View y, int rows, int heads, int headSize) {
        return turn("rope.forward", x, pos, cos, sin, y, rows, heads, headSize / 2, 1f);
    }

    /** Writes dx. */
    public static Launch backward(View dy, View pos, View cos, View sin, View dx, int rows, int heads, int headSize) {
        return turn("rope.backward", dy, pos, cos, sin, dx, rows, heads, headSize / 2, -1f);
    }

    private static Launch turn(String name, View x, View pos, View cos, View sin, View y, int rows, int heads, int pairs, float direction) {
        return Launch.of(name, Rope::ropeTurn, rows * heads * pairs, x, pos, cos, sin, y, heads, pairs, direction)
                .onHost(() -> WholeVectors.form(pairs, rows, RopeHost.turn(x, pos, cos, sin, y, heads, pairs, direction)));
    }

    public static void ropeTurn(int from, int to, IntArray at, int p, FloatArray x, IntArray pos, FloatArray cosines, FloatArray sines, FloatArray y,
            int heads, int pairs, float direction) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int i = from + item;
            int vector = i / pairs;
            int j = i - vector * pairs;
            int x0 = at.get(p) + vector * 2 * pairs + j;
            int y0 = at.get(p + 4) + vector * 2 * pairs + j;
            int angle = pos.get(at.get(p + 1) + vector / heads) * pairs + j;
            float c = cosines.get(at.get(p + 2) + angle);
            float s = sines.get(at.get(p + 3) + angle) * direction;
            float first = x.get(x0);
            float second = x.get(x0 + pairs);
            y.set(y0, first * c - second * s);
            y.set(y0 + pairs, second * c + first * s);
        }
    }
}
