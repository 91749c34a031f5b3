package dev.wuneng.data.pack;

import dev.wuneng.data.DataException;

/**
 * Which documents are held out from training: document {@code i} is if {@code hash(seed, i) mod 1000 < permille}.
 *
 * <p>The decision depends on nothing else, so it is the same in every run, and no document is on both sides.
 *
 * @param seed     chooses among the splits
 * @param permille how many of a thousand documents to hold out, about
 */
public record Split(long seed, int permille) {

    private static final int THOUSAND = 1000;

    public Split {
        if (permille < 0 || permille > THOUSAND) {
            throw new DataException("Cannot hold out " + permille + " of 1000 documents: give 0 to 1000.");
        }
    }

    /** Whether the document is for evaluation only. */
    public boolean heldOut(long document) {
        return Long.remainderUnsigned(Hash.of(seed, document), THOUSAND) < permille;
    }

    /** Whether the document is for training. */
    public boolean train(long document) {
        return !heldOut(document);
    }
}
