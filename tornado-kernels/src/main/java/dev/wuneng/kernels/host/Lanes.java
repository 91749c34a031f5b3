package dev.wuneng.kernels.host;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Loads and stores of whole vectors by element number, the last ones of a row cut where the row ends. */
final class Lanes {
    static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    static final int LENGTH = SPECIES.length();
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private Lanes() {
    }

    static FloatVector of(float value) {
        return FloatVector.broadcast(SPECIES, value);
    }

    static FloatVector load(MemorySegment from, int element) {
        return FloatVector.fromMemorySegment(SPECIES, from, 4L * element, ORDER);
    }

    /** The next {@code left} elements where fewer than a vector are left, 0 behind them. */
    static FloatVector load(MemorySegment from, int element, int left) {
        return left >= LENGTH ? load(from, element) : FloatVector.fromMemorySegment(SPECIES, from, 4L * element, ORDER, SPECIES.indexInRange(0, left));
    }

    static void store(FloatVector value, MemorySegment to, int element) {
        value.intoMemorySegment(to, 4L * element, ORDER);
    }

    static void store(FloatVector value, MemorySegment to, int element, int left) {
        if (left >= LENGTH) {
            store(value, to, element);
        } else {
            value.intoMemorySegment(to, 4L * element, ORDER, SPECIES.indexInRange(0, left));
        }
    }

    /** The value with {@code other} in the lanes from {@code left} on. */
    static FloatVector cut(FloatVector value, int left, float other) {
        return left >= LENGTH ? value : of(other).blend(value, SPECIES.indexInRange(0, left));
    }

    static float sum(FloatVector value) {
        return value.reduceLanes(VectorOperators.ADD);
    }

    static float max(FloatVector value) {
        return value.reduceLanes(VectorOperators.MAX);
    }
}
