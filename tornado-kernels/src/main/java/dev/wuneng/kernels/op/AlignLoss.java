package dev.wuneng.kernels.op;

import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The distance of a student's attention output from its teacher's, a row at a time:
 *
 * <pre>
 *   loss_r = mask_r · ‖a_r − t_r‖₂ · width^(−1/2)
 *   da_r   = scale · mask_r · (a_r − t_r) / ‖a_r − t_r‖₂ · width^(−1/2),   0 where the distance is 0
 * </pre>
 *
 * <p>{@code a}, {@code t} are [rows, width], {@code mask} (0 or 1) and {@code loss} are [rows]; {@code scale} is one element: the weight of
 * the loss / (unmasked tokens of the optimizer step · layers), while the losses are not scaled.
 */
public final class AlignLoss {
    private AlignLoss() {
    }

    /** Writes loss and da. */
    public static Launch lossAndGradient(View a, View t, View mask, View scale, View loss, View da, int rows, int width) {
        return Launch.of("align_loss.loss_and_gradient", AlignLoss::alignLossAndGradient, rows, a, t, mask, scale, loss, da, width);
    }

    public static void alignLossAndGradient(int from, int to, IntArray at, int p, FloatArray a, FloatArray t, IntArray mask, FloatArray scale,
            FloatArray loss, FloatArray da, int width) {
        for (@Parallel int item = 0; item < to - from; item++) {
            int r = from + item;
            int a0 = at.get(p) + r * width;
            int t0 = at.get(p + 1) + r * width;
            int d0 = at.get(p + 5) + r * width;
            float squares = 0f;
            for (int j = 0; j < width; j++) {
                float difference = a.get(a0 + j) - t.get(t0 + j);
                squares += difference * difference;
            }
            boolean counts = mask.get(at.get(p + 2) + r) != 0;
            float root = TornadoMath.sqrt((float) width);
            float distance = TornadoMath.sqrt(squares);
            float factor = counts && distance > 0f ? scale.get(at.get(p + 3)) / (distance * root) : 0f;
            loss.set(at.get(p + 4) + r, counts ? distance / root : 0f);
            for (int j = 0; j < width; j++) {
                da.set(d0 + j, factor * (a.get(a0 + j) - t.get(t0 + j)));
            }
        }
    }
}
