package dev.wuneng.data;

import dev.wuneng.data.arrow.DocumentBatch;
import dev.wuneng.data.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;

/**
 * What is in a dataset, with every document looked at.
 *
 * @param documents documents in all
 * @param empty     documents without tokens
 * @param tokens    tokens in all
 * @param learnt    tokens that are trained on
 * @param longest   tokens of the longest document
 * @param first     the first documents, as many as asked for
 */
public record Inspection(long documents, long empty, long tokens, long learnt, int longest, List<int[]> first) {

    /**
     * Reads and checks all documents.
     *
     * @param first how many documents to keep
     * @throws DataException if a record batch is damaged, or holds a token beyond the vocabulary
     */
    public static Inspection of(Dataset dataset, int first) {
        Inspection sum = new Inspection(0, 0, 0, 0, 0, List.of());
        for (int batch = 0; batch < dataset.batches(); batch++) {
            sum = sum.plus(dataset.batch(batch), first);
        }
        if (sum.tokens != dataset.metadata().tokens()) {
            throw new DataException("The documents of " + dataset.path() + " have " + sum.tokens + " tokens, but their metadata say "
                    + dataset.metadata().tokens() + ": tokenize the text again.");
        }
        return sum;
    }

    /**
     * Checks that a tokenizer is the one that made the documents.
     *
     * @throws DataException if it is another
     */
    public static void check(Dataset dataset, Tokenizer tokenizer) {
        if (!tokenizer.hash().equals(dataset.metadata().tokenizerHash())) {
            throw new DataException("The documents of " + dataset.path() + " were made by another tokenizer (SHA-256 "
                    + dataset.metadata().tokenizerHash() + ", not " + tokenizer.hash()
                    + "): give that one, or tokenize the text again.");
        }
    }

    private Inspection plus(DocumentBatch batch, int wanted) {
        long none = 0;
        int most = longest;
        List<int[]> kept = new ArrayList<>(first);
        for (int i = 0; i < batch.documents(); i++) {
            none += batch.length(i) == 0 ? 1 : 0;
            most = Math.max(most, batch.length(i));
            if (kept.size() < wanted) {
                kept.add(batch.inputIds(i));
            }
        }
        return new Inspection(documents + batch.documents(), empty + none, tokens + batch.tokens(), learnt + batch.learnt(0, batch.tokens()), most, kept);
    }
}
