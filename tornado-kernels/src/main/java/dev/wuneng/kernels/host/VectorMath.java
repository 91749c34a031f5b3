package dev.wuneng.kernels.host;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Elementary functions of whole vectors, for the host bodies: within about 1e-7 relative of the true values, the same for every vector
 * width, and made only of arithmetic that every processor has. The polynomial of tanh is that of Cephes (Moshier), tanhf.
 *
 * <p>The JVM's compiler inlines one or two of these into a method; beyond that it gives up for size, and then every vector in between is an
 * object on the heap, many times slower. So a method should use one, over a row, and the next method the next.
 */
public final class VectorMath {
    /** The vectors of all host bodies: the widest that the processor has, up to 512 bits. */
    public static final VectorSpecies<Float> SPECIES =
            FloatVector.SPECIES_PREFERRED.length() > 16 ? FloatVector.SPECIES_512 : FloatVector.SPECIES_PREFERRED;

    /** Below this e^x leaves the normal numbers, and exp gives 0. */
    private static final float LOWEST = -87.3f;
    /** Above this e^x overflows, and exp stays at e^HIGHEST, about 2e38. */
    private static final float HIGHEST = 88.3f;
    private static final float LOG2_E = 1.44269504f;
    private static final float LN2 = 0.69314718f;
    /** ln 2 in two parts, the first of few bits, so that small whole numbers times it are exact. */
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;
    /** 1.5 · 2²³: added to a small number, it leaves the nearest whole number in the last bits of the sum. */
    private static final float ROUNDER = 12582912f;

    private VectorMath() {
    }

    /**
     * e^x: x = n ln 2 + r with |r| at most ln 2 / 2, then a polynomial of r, whose exponent is raised by n. The polynomial is 1 + r + r² p(r), with the p of
     * degree 4 whose greatest relative error over these r, 3e-9, is least (Remez).
     */
    public static FloatVector exp(FloatVector x) {
        FloatVector bounded = x.blend(HIGHEST, x.compare(VectorOperators.GT, HIGHEST));
        FloatVector rounded = bounded.fma(of(LOG2_E), of(ROUNDER));
        FloatVector n = rounded.sub(ROUNDER);
        FloatVector r = n.fma(of(-LN2_HIGH), bounded);
        r = n.fma(of(-LN2_LOW), r);
        FloatVector y = r.fma(of(1.3814540e-3f), of(8.3687451e-3f));
        y = y.fma(r, of(4.1668391e-2f));
        y = y.fma(r, of(1.6666520e-1f));
        y = y.fma(r, of(4.9999993e-1f));
        y = y.fma(r, of(1f)).fma(r, of(1f));
        IntVector power = rounded.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
        return y.reinterpretAsInts().add(power).reinterpretAsFloats().blend(0f, x.compare(VectorOperators.LT, LOWEST));
    }

    /**
     * e^x, faster, for the weights of softmax, where x is a difference to the largest score, at most 88. The polynomial has a degree less, with an error of
     * 1e-7, and n ln 2 is rounded: weights above 1e-6 are within 2e-7 relative, all within 4e-7. The rounding of scores does more. Two of these fit into a
     * method, if nothing else of the method's own follows the second.
     */
    static FloatVector weight(FloatVector x) {
        FloatVector rounded = x.fma(LOG2_E, ROUNDER);
        FloatVector r = rounded.sub(ROUNDER).fma(FloatVector.broadcast(SPECIES, -LN2), x);
        FloatVector y = r.fma(8.3125008e-3f, 4.1890331e-2f);
        y = y.fma(r, FloatVector.broadcast(SPECIES, 1.6667115e-1f));
        y = y.fma(r, FloatVector.broadcast(SPECIES, 4.9999230e-1f));
        FloatVector one = FloatVector.broadcast(SPECIES, 1f);
        y = y.fma(r, one).fma(r, one);
        IntVector power = rounded.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
        return y.reinterpretAsInts().add(power).reinterpretAsFloats().blend(0f, x.compare(VectorOperators.LT, LOWEST));
    }

    /** The logistic function 1 / (1 + e^−x). */
    public static FloatVector sigmoid(FloatVector x) {
        return of(1f).div(exp(x.neg()).add(1f));
    }

    /** The hyperbolic tangent: a polynomial near 0, where the other form 1 − 2 / (e^2x + 1) would cancel. */
    public static FloatVector tanh(FloatVector x) {
        FloatVector z = x.mul(x);
        FloatVector near = z.fma(of(-5.70498872745e-3f), of(2.06390887954e-2f));
        near = near.fma(z, of(-5.37397155531e-2f));
        near = near.fma(z, of(1.33314422036e-1f));
        near = near.fma(z, of(-3.33332819422e-1f));
        near = near.mul(z).fma(x, x);
        FloatVector far = of(1f).sub(of(2f).div(exp(x.add(x)).add(1f)));
        return far.blend(near, x.abs().compare(VectorOperators.LT, 0.625f));
    }

    private static FloatVector of(float value) {
        return FloatVector.broadcast(SPECIES, value);
    }
}
