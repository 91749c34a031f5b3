package dev.wuneng.data.pack;

import java.lang.foreign.MemorySegment;

/**
 * A micro-batch: rows of tokens, each of its arrays 32-bit integers {@code [rows * length]} row by row. It is written to where programs read
 * it, so on their way from a file tokens are copied once.
 */
public interface Sequences {

    /** Writes the tokens; the padding id where there is none. */
    void copyInputIds(MemorySegment target);

    /** Writes what each position predicts, already shifted: -100 where nothing is learnt. */
    void copyLabels(MemorySegment target);

    /** Writes numbers that change where a document begins. */
    void copySegmentIds(MemorySegment target);

    /** Writes 1 where there is a token, 0 at padding. */
    void copyMask(MemorySegment target);

    /** Positions with a label that is not -100: what a mean loss divides by. */
    long labelled();

    /** Positions with a token. */
    long unmasked();
}
