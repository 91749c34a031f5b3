package dev.wuneng.training;

import dev.wuneng.data.pack.PackedBatch;
import java.util.Arrays;

/**
 * The tokens of a micro-batch, each array [B · T] row by row.
 *
 * @param labels what a row predicts, already shifted; negative (−100) where nothing is learnt
 * @param segmentIds changes where a document begins
 * @param mask 1 at tokens, 0 at padding
 */
public record Sequences(int[] tokens, int[] labels, int[] segmentIds, int[] mask) {

    public static Sequences of(PackedBatch batch) {
        return new Sequences(batch.inputIds(), batch.labels(), batch.segmentIds(), batch.mask());
    }

    /** Tokens with a label. */
    public long labelled() {
        return Arrays.stream(labels).filter(l -> l >= 0).count();
    }

    /** Tokens that are not padding. */
    public long unmasked() {
        return Arrays.stream(mask).filter(m -> m != 0).count();
    }
}
