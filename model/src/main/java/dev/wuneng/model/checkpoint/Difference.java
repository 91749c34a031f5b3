package dev.wuneng.model.checkpoint;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * How far a tensor b is from a tensor a of the same name.
 *
 * @param relative ‖a − b‖ / ‖a‖; 0 where both are zero, infinite where only a is, and where the shapes differ; NaN where either holds one
 */
public record Difference(Tensor a, Tensor b, double relative) {

    /** Compares two tensors, a window at a time. */
    public static Difference of(Tensor a, Tensor b) {
        if (!Arrays.equals(a.shape(), b.shape())) {
            return new Difference(a, b, Double.POSITIVE_INFINITY);
        }
        double difference = 0;
        double size = 0;
        for (long first = 0; first < a.size(); first += Tensor.WINDOW) {
            long count = Math.min(Tensor.WINDOW, a.size() - first);
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment ofA = arena.allocate(4 * count);
                MemorySegment ofB = arena.allocate(4 * count);
                a.floats(first, ofA);
                b.floats(first, ofB);
                for (long i = 0; i < count; i++) {
                    double x = ofA.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                    double d = x - ofB.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                    size += x * x;
                    difference += d * d;
                }
            }
        }
        return new Difference(a, b, difference == 0 ? 0 : Math.sqrt(difference / size));
    }

    /** Whether the two are the same up to a relative difference. */
    public boolean within(double tolerance) {
        return relative <= tolerance;
    }
}
