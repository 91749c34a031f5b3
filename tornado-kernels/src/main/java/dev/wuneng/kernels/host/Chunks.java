package dev.wuneng.kernels.host;

import dev.wuneng.kernels.op.StateScan;
import java.lang.foreign.MemorySegment;

/**
 * How the forms of the scan cut their work: rows of tokens into chunks, heads into groups of neighbours. What the tokens of a chunk have of a group lies close together,
 * so it is fetched at once, and each head finds it in the cache.
 *
 * @param group heads of a group; the last one of a row may have fewer
 */
record Chunks(int batch, int tokens, int heads, int group) {
    /** As many as the second-level cache holds, at 64 numbers a head. */
    private static final int MOST = 8;

    /** For passes whose items are all chunks of a group: small groups where there would be too few for the processors. */
    static Chunks inOrder(int batch, int tokens, int heads) {
        int group = MOST;
        while (group > 1 && batch * ((heads + group - 1) / group) < 2 * Runtime.getRuntime().availableProcessors()) {
            group /= 2;
        }
        return new Chunks(batch, tokens, heads, group);
    }

    /** For passes whose items are single chunks of a group. */
    static Chunks sideBySide(int batch, int tokens, int heads) {
        return new Chunks(batch, tokens, heads, MOST);
    }

    private int groupsOfRow() {
        return (heads + group - 1) / group;
    }

    int groups() {
        return batch * groupsOfRow();
    }

    /** Chunks of a row. */
    int count() {
        return StateScan.slots(tokens) - 1;
    }

    /** Tokens of a chunk. */
    int length(int chunk) {
        return Math.min(tokens - chunk * StateScan.CHUNK, StateScan.CHUNK);
    }

    int heads(int g) {
        return Math.min(group, heads - g % groupsOfRow() * group);
    }

    /** The state of a head of a group. */
    int state(int g, int head) {
        return g / groupsOfRow() * heads + g % groupsOfRow() * group + head;
    }

    /** Where the first token of a chunk stands, in vectors of a head. */
    int token(int g, int head, int chunk) {
        return (g / groupsOfRow() * tokens + chunk * StateScan.CHUNK) * heads + g % groupsOfRow() * group + head;
    }

    int checkpoint(int state, int chunk) {
        return state * StateScan.slots(tokens) + chunk;
    }

    /**
     * Fetches what the tokens of a chunk have of a group.
     *
     * @param size elements of a head and token
     */
    void fetch(MemorySegment memory, int element, int size, int g, int chunk, float[] m, int unused) {
        Fetch.rows(memory, element + token(g, 0, chunk) * size, heads(g) * size, heads * size, length(chunk), m, unused);
    }
}
