package dev.wuneng.kernels.host;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/** Loads and stores of whole vectors by element number, the last ones of a row cut where the row ends. */
final class Lanes {
    static final VectorSpecies<Float> SPECIES = VectorMath.SPECIES;
    static final int LENGTH = SPECIES.length();
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final VectorShuffle<Float> TURN_8 = VectorShuffle.iota(SPECIES, 8, 1, true);
    private static final VectorShuffle<Float> TURN_4 = VectorShuffle.iota(SPECIES, 4, 1, true);
    private static final VectorShuffle<Float> TURN_2 = VectorShuffle.iota(SPECIES, 2, 1, true);

    private Lanes() {
    }

    static FloatVector of(float value) {
        return FloatVector.broadcast(SPECIES, value);
    }

    static FloatVector load(MemorySegment from, int element) {
        return FloatVector.fromMemorySegment(SPECIES, from, 4L * element, ORDER);
    }

    /** How many of so many elements fill whole vectors. */
    static int whole(int size) {
        return size - size % LENGTH;
    }

    /**
     * The next {@code left} elements where fewer than a vector are left, 0 behind them. For the rest behind a loop over whole vectors: within a loop, a load
     * that may be masked costs many times one that is not, and so many of the JVM compiler's limits that other vectors of the loop may get to be objects.
     */
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

    static FloatVector load(float[] from, int element) {
        return FloatVector.fromArray(SPECIES, from, element);
    }

    static void store(FloatVector value, float[] to, int element) {
        value.intoArray(to, element);
    }

    /** The next multiple of a vector's length. */
    static int roundUp(int size) {
        return (size + LENGTH - 1) / LENGTH * LENGTH;
    }

    /** Copies {@code size} elements and fills up to whole vectors: loops over the copy have no rest. */
    static void read(MemorySegment from, int element, float[] to, int index, int size, float filler) {
        MemorySegment.copy(from, ValueLayout.JAVA_FLOAT, 4L * element, to, index, size);
        Arrays.fill(to, index + size, index + roundUp(size), filler);
    }

    static void write(float[] from, int index, MemorySegment to, int element, int size) {
        MemorySegment.copy(from, index, to, ValueLayout.JAVA_FLOAT, 4L * element, size);
    }

    /** The value with {@code other} in the lanes from {@code left} on. */
    static FloatVector cut(FloatVector value, int left, float other) {
        return left >= LENGTH ? value : of(other).blend(value, SPECIES.indexInRange(0, left));
    }

    /**
     * The sum of all lanes, always in the same order: what {@code reduceLanes(ADD)} leaves open, so that its last bits change when the
     * just-in-time compiler takes over.
     */
    static float sum(FloatVector value) {
        FloatVector sum = value;
        if (LENGTH > 8) {
            sum = sum.add(sum.rearrange(TURN_8));
        }
        if (LENGTH > 4) {
            sum = sum.add(sum.rearrange(TURN_4));
        }
        sum = sum.add(sum.rearrange(TURN_2));
        return sum.lane(0) + sum.lane(1);
    }

    static float max(FloatVector value) {
        return value.reduceLanes(VectorOperators.MAX);
    }
}
