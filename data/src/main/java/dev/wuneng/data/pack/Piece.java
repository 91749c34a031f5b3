package dev.wuneng.data.pack;

import static dev.wuneng.data.arrow.DocumentBatch.TOKEN;

import dev.wuneng.data.arrow.DocumentBatch;
import java.lang.foreign.MemorySegment;

/** A document or a part of one: tokens {@code from} to {@code to - 1} of a batch. */
record Piece(DocumentBatch batch, int from, int to) {

    int length() {
        return to - from;
    }

    /** Tokens of the piece that are predicted: those trained on but for the first, as nothing stands before it. */
    int learnt() {
        return batch.learnt(from + 1, to);
    }

    /** Copies the tokens to positions {@code at} and on. */
    void copyInputIds(MemorySegment target, int at) {
        copy(batch.inputIds(), from, target, at, length());
    }

    /** Copies what each position predicts, the label of the token after it; none at the end. */
    void copyLabels(MemorySegment target, int at) {
        copy(batch.targets(), from + 1, target, at, length() - 1);
        target.setAtIndex(TOKEN, at + length() - 1, DocumentBatch.IGNORED);
    }

    private static void copy(MemorySegment source, long from, MemorySegment target, long at, long count) {
        MemorySegment.copy(source, from * TOKEN.byteSize(), target, at * TOKEN.byteSize(), count * TOKEN.byteSize());
    }
}
