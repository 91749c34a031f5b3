package dev.wuneng.data.pack;

import dev.wuneng.data.DataException;

/**
 * One of several machines that share the documents: those of every epoch go to one of them each.
 *
 * @param rank  the number of this one, from 0
 * @param world how many there are
 */
public record Worker(int rank, int world) {

    /** The only one. */
    public static final Worker ALONE = new Worker(0, 1);

    public Worker {
        if (rank < 0 || rank >= world) {
            throw new DataException("There is no worker " + rank + " of " + world + ": give a rank from 0 to world - 1.");
        }
    }
}
