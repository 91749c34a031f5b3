package dev.wuneng.data.arrow;

import java.util.Optional;

/**
 * Consecutive documents of a file. Document {@code i} is
 * {@code inputIds[offsets[i]] ... inputIds[offsets[i + 1] - 1]}.
 *
 * @param firstDocument the index of document 0 in the file
 * @param offsets       where each document begins, and where the last one ends
 * @param inputIds      the tokens of all documents
 * @param labels        what to predict, aligned with {@code inputIds} and not shifted: -100 marks a token that is not
 *                      trained on. Empty: every token is trained on.
 */
public record DocumentBatch(long firstDocument, int[] offsets, int[] inputIds, Optional<int[]> labels) {

    /** A label that takes no part in the loss. */
    public static final int IGNORED = -100;

    /** The same documents where those before the file have numbers too. */
    public DocumentBatch from(long documentsBefore) {
        return new DocumentBatch(documentsBefore + firstDocument, offsets, inputIds, labels);
    }

    public int documents() {
        return offsets.length - 1;
    }

    /** The number of tokens of document {@code i}. */
    public int length(int i) {
        return offsets[i + 1] - offsets[i];
    }
}
