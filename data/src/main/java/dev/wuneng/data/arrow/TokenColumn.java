package dev.wuneng.data.arrow;

import dev.wuneng.data.DataException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.complex.ListVector;

/** A {@code list<int32>} column: list {@code i} is values[offsets[i]..offsets[i + 1]), and {@code offsets[0]} is 0. */
record TokenColumn(int[] offsets, MemorySegment values) {

    int size() {
        return offsets.length - 1;
    }

    /**
     * Finds a column of {@code size} lists. Its values are a part of {@code mapped} where Arrow's vector lies there. A compressed batch was
     * unpacked into memory that Arrow takes back, so of it they are a copy.
     *
     * @throws DataException            if a list or a token is null
     * @throws IllegalArgumentException if there are more or fewer lists, or the offsets are not ascending or reach
     *                                  beyond the tokens
     */
    static TokenColumn of(Path file, MemorySegment mapped, ListVector lists, long firstDocument, int size) {
        IntVector items = (IntVector) lists.getDataVector();
        if (lists.getValueCount() != size) {
            throw new IllegalArgumentException(lists.getValueCount() + " lists for " + size + " documents");
        }
        int[] offsets = new int[size + 1];
        for (int i = 0; i < size; i++) {
            if (lists.isNull(i)) {
                throw isNull(file, lists.getName(), firstDocument + i);
            }
            offsets[i + 1] = lists.getOffsetBuffer().getInt((long) (i + 1) * Integer.BYTES);
        }
        int start = size == 0 ? 0 : lists.getOffsetBuffer().getInt(0);
        offsets[0] = start;
        checkOffsets(offsets, Math.min(items.getValueCount(), items.getDataBuffer().capacity() / Integer.BYTES));
        boolean hasNulls = items.getNullCount() > 0;
        for (int i = 0; hasNulls && i < size; i++) {
            for (int j = offsets[i]; j < offsets[i + 1]; j++) {
                if (items.isNull(j)) {
                    throw isNull(file, lists.getName(), firstDocument + i);
                }
            }
        }
        MemorySegment values = values(mapped, items.getDataBuffer(), (long) start * Integer.BYTES, (offsets[size] - start) * (long) Integer.BYTES);
        for (int i = 0; i <= size; i++) {
            offsets[i] -= start;
        }
        return new TokenColumn(offsets, values);
    }

    private static MemorySegment values(MemorySegment mapped, ArrowBuf buffer, long from, long bytes) {
        long offset = buffer.memoryAddress() + from - mapped.address();
        if (0 <= offset && offset <= mapped.byteSize() - bytes) {
            return mapped.asSlice(offset, bytes);
        }
        byte[] copy = new byte[Math.toIntExact(bytes)];
        buffer.getBytes(from, copy);
        return MemorySegment.ofArray(copy);
    }

    private static void checkOffsets(int[] offsets, long items) {
        int previous = 0;
        for (int offset : offsets) {
            if (offset < previous || offset > items) {
                throw new IllegalArgumentException("list offset " + offset + " of " + items + " tokens");
            }
            previous = offset;
        }
    }

    private static DataException isNull(Path file, String column, long document) {
        return new DataException("Document " + document + " of " + file + " has a null in " + column
                + ": leave such documents out when writing the file.");
    }
}
