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
    static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    static final int LENGTH = SPECIES.length();
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    /** Shuffles that bring lanes LENGTH / 2, LENGTH / 4 … 1 behind a lane to its place. */
    @SuppressWarnings({"unchecked", "rawtypes"})
    private static final VectorShuffle<Float>[] FOLDS = new VectorShuffle[Integer.numberOfTrailingZeros(LENGTH)];

    static {
        for (int i = 0; i < FOLDS.length; i++) {
            FOLDS[i] = SPECIES.iotaShuffle(LENGTH >> i + 1, 1, true);
        }
    }

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

    /** Halves folded onto each other: the order of reduceLanes is not defined, and compiled code takes another than the interpreter. */
    static float sum(FloatVector value) {
        FloatVector folded = value;
        for (VectorShuffle<Float> fold : FOLDS) {
            folded = folded.add(folded.rearrange(fold));
        }
        return folded.lane(0);
    }

    static float max(FloatVector value) {
        return value.reduceLanes(VectorOperators.MAX);
    }
}
