package dev.wuneng.kernels.host;

import java.lang.foreign.MemorySegment;

/**
 * Moves rows of {@code size} numbers, {@code step} apart in a buffer, to and from rows of {@code n} numbers in thread memory, which are whole
 * vectors. Four vectors, as many as a head often has, and whole vectors have loops of their own: a load that may be masked is slow.
 */
record PaddedRows(int size, int n) {
    /** Behind a row's last number, in its last vector, stands the filler. */
    void load(MemorySegment from, int element, int step, float[] m, int to, int rows, float filler) {
        int j = 0;
        for (; j + 4 * Lanes.LENGTH <= size; j += 4 * Lanes.LENGTH) {
            loadFour(from, element + j, step, m, to + j, rows);
        }
        for (; j + Lanes.LENGTH <= size; j += Lanes.LENGTH) {
            for (int t = 0; t < rows; t++) {
                Lanes.store(Lanes.load(from, element + t * step + j), m, to + t * n + j);
            }
        }
        if (j < size) {
            for (int t = 0; t < rows; t++) {
                Lanes.store(Lanes.cut(Lanes.load(from, element + t * step + j, size - j), size - j, filler), m, to + t * n + j);
            }
        }
    }

    private void loadFour(MemorySegment from, int element, int step, float[] m, int to, int rows) {
        for (int t = 0; t < rows; t++) {
            int source = element + t * step;
            int target = to + t * n;
            Lanes.store(Lanes.load(from, source), m, target);
            Lanes.store(Lanes.load(from, source + Lanes.LENGTH), m, target + Lanes.LENGTH);
            Lanes.store(Lanes.load(from, source + 2 * Lanes.LENGTH), m, target + 2 * Lanes.LENGTH);
            Lanes.store(Lanes.load(from, source + 3 * Lanes.LENGTH), m, target + 3 * Lanes.LENGTH);
        }
    }

    void store(float[] m, int from, MemorySegment to, int element, int step, int rows) {
        int j = 0;
        for (; j + 4 * Lanes.LENGTH <= size; j += 4 * Lanes.LENGTH) {
            storeFour(m, from + j, to, element + j, step, rows);
        }
        for (; j + Lanes.LENGTH <= size; j += Lanes.LENGTH) {
            for (int t = 0; t < rows; t++) {
                Lanes.store(Lanes.load(m, from + t * n + j), to, element + t * step + j);
            }
        }
        if (j < size) {
            for (int t = 0; t < rows; t++) {
                Lanes.store(Lanes.load(m, from + t * n + j), to, element + t * step + j, size - j);
            }
        }
    }

    private void storeFour(float[] m, int from, MemorySegment to, int element, int step, int rows) {
        for (int t = 0; t < rows; t++) {
            int source = from + t * n;
            int target = element + t * step;
            Lanes.store(Lanes.load(m, source), to, target);
            Lanes.store(Lanes.load(m, source + Lanes.LENGTH), to, target + Lanes.LENGTH);
            Lanes.store(Lanes.load(m, source + 2 * Lanes.LENGTH), to, target + 2 * Lanes.LENGTH);
            Lanes.store(Lanes.load(m, source + 3 * Lanes.LENGTH), to, target + 3 * Lanes.LENGTH);
        }
    }
}
