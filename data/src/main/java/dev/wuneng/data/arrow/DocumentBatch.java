package dev.wuneng.data.arrow;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/**
 * Consecutive documents of a file, as they lie there: of a file that is not compressed nothing is copied. It can be read until its file is
 * closed. Document {@code i} is the tokens {@code offsets[i]} to {@code offsets[i + 1] - 1}.
 *
 * @param firstDocument the index of document 0 in the file
 * @param offsets       where each document begins, and where the last one ends
 * @param inputIds      the tokens of all documents, each a {@link #TOKEN}
 * @param labels        what to predict, aligned with {@code inputIds} and not shifted: -100 marks a token that is not
 *                      trained on. Empty: every token is trained on.
 */
public record DocumentBatch(long firstDocument, int[] offsets, MemorySegment inputIds, Optional<MemorySegment> labels) {

    /** A label that takes no part in the loss. */
    public static final int IGNORED = -100;

    /** An id or a label: aligned or not, as the file's writer liked. */
    public static final ValueLayout.OfInt TOKEN = ValueLayout.JAVA_INT_UNALIGNED;

    /** The same documents where those before the file have numbers too. */
    public DocumentBatch from(long documentsBefore) {
        return new DocumentBatch(documentsBefore + firstDocument, offsets, inputIds, labels);
    }

    public int documents() {
        return offsets.length - 1;
    }

    /** The number of tokens of all documents. */
    public int tokens() {
        return offsets[offsets.length - 1];
    }

    /** The number of tokens of document {@code i}. */
    public int length(int i) {
        return offsets[i + 1] - offsets[i];
    }

    /** What the loss is taken of; without labels the tokens themselves. */
    public MemorySegment targets() {
        return labels.orElse(inputIds);
    }

    /** How many of the tokens {@code from} to {@code to - 1} are trained on. */
    public int learnt(int from, int to) {
        if (labels.isEmpty()) {
            return to - from;
        }
        int count = 0;
        for (int i = from; i < to; i++) {
            count += labels.get().getAtIndex(TOKEN, i) == IGNORED ? 0 : 1;
        }
        return count;
    }

    /** A copy of a document's tokens. */
    public int[] inputIds(int i) {
        return copy(inputIds, i);
    }

    /** A copy of a document's targets. */
    public int[] targets(int i) {
        return copy(targets(), i);
    }

    private int[] copy(MemorySegment column, int i) {
        int[] copy = new int[length(i)];
        MemorySegment.copy(column, TOKEN, offsets[i] * TOKEN.byteSize(), copy, 0, copy.length);
        return copy;
    }
}
