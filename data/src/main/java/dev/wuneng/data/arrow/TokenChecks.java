package dev.wuneng.data.arrow;

import dev.wuneng.data.DataException;
import java.nio.file.Path;

/** That ids and labels are what a model with the vocabulary can look up. */
record TokenChecks(Path file, int vocabularySize) {

    /** Every id is of the vocabulary. */
    void inputIds(int[] ids, int from, int to, long document) {
        for (int i = from; i < to; i++) {
            if (ids[i] < 0 || ids[i] >= vocabularySize) {
                throw bad(DocumentSchema.INPUT_IDS, ids[i], document, "");
            }
        }
    }

    /** Every label is of the vocabulary or says "not trained on". */
    void labels(int[] labels, int from, int to, long document) {
        for (int i = from; i < to; i++) {
            if (labels[i] != DocumentBatch.IGNORED && (labels[i] < 0 || labels[i] >= vocabularySize)) {
                throw bad(DocumentSchema.LABELS, labels[i], document, " and not -100");
            }
        }
    }

    private DataException bad(String column, int value, long document, String exception) {
        return new DataException("Document " + document + " of " + file + " has " + value + " in " + column
                + ", outside the vocabulary of " + vocabularySize + exception
                + ": tokenize the text with the model's own tokenizer.");
    }
}
