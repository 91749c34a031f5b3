package dev.wuneng.data.pack;

import dev.wuneng.data.arrow.DocumentBatch;

/** A document or a part of one: tokens {@code from} to {@code to - 1} of a batch. */
record Piece(DocumentBatch batch, int from, int to) {

    int length() {
        return to - from;
    }

    int inputId(int i) {
        return batch.inputIds()[from + i];
    }

    /** What position {@code i} predicts: the label of the token after it, none at the end. */
    int nextLabel(int i) {
        int next = from + i + 1;
        if (next == to) {
            return DocumentBatch.IGNORED;
        }
        return batch.labels().orElse(batch.inputIds())[next];
    }
}
