package dev.wuneng.kernels.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

class VectorMathTest {
    @Test
    void expIsWithinTwoUnitsOfTheLastPlace() {
        check(VectorMath::exp, Math::exp, -87.2f, 88.2f, 2e-7);
        check(VectorMath::exp, Math::exp, -1f, 1f, 1.5e-7);
    }

    @Test
    void weightsAreAccurateWhereTheyCount() {
        check(VectorMath::weight, Math::exp, -14f, 0f, 2e-7);
        check(VectorMath::weight, Math::exp, -87.2f, 60f, 4e-7);
    }

    @Test
    void sigmoidIsAccurateInBothTails() {
        check(VectorMath::sigmoid, x -> 1 / (1 + Math.exp(-x)), -87f, 100f, 3e-7);
    }

    @Test
    void tanhIsAccurateNearZeroAndFar() {
        check(VectorMath::tanh, Math::tanh, -12f, 12f, 3e-7);
        check(VectorMath::tanh, Math::tanh, -1e-3f, 1e-3f, 2e-7);
    }

    @Test
    void extremesStayFinite() {
        assertEquals(0f, at(VectorMath::exp, -1e30f));
        assertEquals(0f, at(VectorMath::exp, -88f));
        assertEquals(1f, at(VectorMath::exp, 0f));
        assertEquals(0f, at(VectorMath::weight, -1e30f));
        assertEquals(1f, at(VectorMath::weight, 0f));
        assertTrue(Float.isNaN(at(VectorMath::weight, Float.NaN)));
        assertTrue(Float.isFinite(at(VectorMath::exp, 1e30f)));
        assertEquals(0f, at(VectorMath::sigmoid, -1e30f), 1e-37f);
        assertEquals(1f, at(VectorMath::sigmoid, 1e30f));
        assertEquals(-1f, at(VectorMath::tanh, -1e30f));
        assertEquals(1f, at(VectorMath::tanh, 1e30f));
        assertTrue(Float.isNaN(at(VectorMath::exp, Float.NaN)));
    }

    private static void check(UnaryOperator<FloatVector> function, DoubleUnaryOperator reference, float low, float high, double tolerance) {
        int steps = 100_000;
        for (int i = 0; i <= steps; i++) {
            float x = low + (high - low) * i / steps;
            double expected = reference.applyAsDouble(x);
            assertEquals(expected, at(function, x), tolerance * Math.abs(expected), () -> "at " + x);
        }
    }

    private static float at(UnaryOperator<FloatVector> function, float x) {
        return function.apply(FloatVector.broadcast(FloatVector.SPECIES_PREFERRED, x)).lane(0);
    }
}
