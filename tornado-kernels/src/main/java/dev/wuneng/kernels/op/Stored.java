package dev.wuneng.kernels.op;

import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Buffer.Type;
import dev.wuneng.kernels.run.View;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * A matrix that a kernel reads in the precision in which its buffer stores it, F32, BF16 or F16. An array has one type, so a kernel takes
 * such a matrix as two arrays, floats and halves, and the type as a scalar. Scalars are constants on a device, where nothing is left of the
 * choice.
 *
 * <p>TornadoVM cannot take the bits of an int for a float on OpenCL, so a half is put together by arithmetic, all of it exact: ±m · 2^e, with
 * m the fraction and its leading one, which a subnormal number does not have. For halves the array of floats holds the powers of two.
 */
final class Stored {
    private static final View NO_HALVES = Buffer.of("no halves", Type.BF16, 1).view();
    /** 2^(e − 134) at e: the worth of the last bit of a BF16 whose exponent field is e, and of an F16 whose field is e − 109. */
    private static final Buffer POWERS = Buffer.floats("powers of two", 256);

    static {
        for (int e = 0; e < POWERS.size(); e++) {
            POWERS.floats().set(e, (float) Math.pow(2, e - 134));
        }
    }

    private Stored() {
    }

    static View floats(View matrix) {
        return matrix.type().isHalf() ? POWERS.view() : matrix;
    }

    static View halves(View matrix) {
        return matrix.type().isHalf() ? matrix : NO_HALVES;
    }

    /** What {@link #storedRead} takes as {@code type}. */
    static int type(View matrix) {
        return matrix.type().ordinal();
    }

    /** Element i of a matrix that is stored as F32 (type 0), BF16 (1) or F16 (2). */
    static float storedRead(FloatArray floats, ShortArray halves, int type, int i) {
        return type == 0 ? floats.get(i) : storedHalf(floats, halves.get(i), type == 1 ? 7 : 10, type == 1 ? 0 : 109);
    }

    /**
     * The number that a half stands for, by the bits of its fraction and where in the powers those of its type begin. Without a branch, so that
     * sixteen of them fit into a kernel of {@link GemmVectors}.
     */
    static float storedHalf(FloatArray powers, int half, int bits, int first) {
        int exponent = (half >> bits) & ((1 << (15 - bits)) - 1);
        int normal = Math.min(exponent, 1);
        int m = ((normal << bits) + (half & ((1 << bits) - 1))) << (1 - normal);
        float sign = 1f - 2f * ((half >> 15) & 1);
        return sign * m * powers.get(first + exponent);
    }
}
