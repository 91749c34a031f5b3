package dev.wuneng.data.pack;

import dev.wuneng.data.DataException;
import dev.wuneng.data.Dataset;

/**
 * Documents that make up a part of the rows.
 *
 * @param documents stay open as long as rows are read, and belong to the caller
 * @param weight    the rows of these documents to those of others are as their weights
 */
public record Share(Dataset documents, double weight) {

    public Share {
        if (!(weight > 0) || Double.isInfinite(weight)) {
            throw new DataException("The weight of " + documents.path() + " is " + weight + ": give a number above 0.");
        }
    }
}
