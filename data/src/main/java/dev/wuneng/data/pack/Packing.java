package dev.wuneng.data.pack;

import dev.wuneng.data.DataException;

/**
 * The shape of a batch.
 *
 * @param rows      rows of a batch
 * @param length    tokens of a row
 * @param paddingId the token that fills a row's end; any of the vocabulary, as nothing is learned from it
 */
public record Packing(int rows, int length, int paddingId) {

    public Packing {
        if (rows < 1 || length < 2) {
            throw new DataException("A batch of " + rows + " rows of " + length
                    + " tokens predicts nothing: give at least 1 row of 2 tokens.");
        }
    }
}
