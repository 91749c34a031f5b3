package dev.wuneng.data.arrow;

import dev.wuneng.data.DataException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** That ids and labels are what a model with the vocabulary can look up. */
record TokenChecks(Path file, int vocabularySize) {

    /** Every id is of the vocabulary. */
    void inputIds(MemorySegment ids, int from, int to, long document) {
        for (int i = from; i < to; i++) {
            int id = ids.getAtIndex(DocumentBatch.TOKEN, i);
            if (id < 0 || id >= vocabularySize) {
                throw bad(DocumentSchema.INPUT_IDS, id, document, "");
            }
        }
    }

    /** Every label is of the vocabulary or says "not trained on". */
    void labels(MemorySegment labels, int from, int to, long document) {
        for (int i = from; i < to; i++) {
            int label = labels.getAtIndex(DocumentBatch.TOKEN, i);
            if (label != DocumentBatch.IGNORED && (label < 0 || label >= vocabularySize)) {
                throw bad(DocumentSchema.LABELS, label, document, " and not -100");
            }
        }
    }

    private DataException bad(String column, int value, long document, String exception) {
        return new DataException("Document " + document + " of " + file + " has " + value + " in " + column
                + ", outside the vocabulary of " + vocabularySize + exception
                + ": tokenize the text with the model's own tokenizer.");
    }
}
