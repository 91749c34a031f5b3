package dev.wuneng.kernels.host;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * How the scans over the state are cut for the JVM: an item takes {@link #WIDTH} neighbouring values (or keys) of one state against all keys
 * (values), so that the lanes of two vectors never meet. The block lies in thread memory, line by line; where the head has fewer values than a block,
 * the lanes behind them compute on whatever is there, and are not stored.
 */
final class StateBlock {
    static final int WIDTH = 2 * Lanes.LENGTH;

    private StateBlock() {
    }

    /** Blocks of one state. */
    static int blocks(int size) {
        return (size + WIDTH - 1) / WIDTH;
    }

    static void load(MemorySegment from, int element, float[] to, int at, int count) {
        MemorySegment.copy(from, ValueLayout.JAVA_FLOAT, 4L * element, to, at, count);
    }

    static void store(float[] from, int at, MemorySegment to, int element, int count) {
        MemorySegment.copy(from, at, to, ValueLayout.JAVA_FLOAT, 4L * element, count);
    }

    /** Loads rows {@code first} to {@code first + count - 1} of a state [size, size] as the lanes of a block, one key a line. */
    static void loadValues(MemorySegment from, int state, int first, int count, float[] block, int row, int size) {
        for (int i = 0; i < count; i++) {
            load(from, state + (first + i) * size, block, row, size);
            for (int j = 0; j < size; j++) {
                block[j * WIDTH + i] = block[row + j];
            }
        }
    }

    /** The way back. */
    static void storeValues(float[] block, int row, MemorySegment to, int state, int first, int count, int size) {
        for (int i = 0; i < count; i++) {
            for (int j = 0; j < size; j++) {
                block[row + j] = block[j * WIDTH + i];
            }
            store(block, row, to, state + (first + i) * size, size);
        }
    }

    /** Loads columns {@code first} to {@code first + count - 1} of a state as the lanes of a block, one value a line. */
    static void loadKeys(MemorySegment from, int state, int first, int count, float[] block, int at, int size) {
        for (int i = 0; i < size; i++) {
            load(from, state + i * size + first, block, at + i * WIDTH, count);
        }
    }
}
