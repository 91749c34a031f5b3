package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;

/**
 * A host body in several passes over a few items, which hand their results on in thread memory. The JVM's compiler stops inlining when a method has
 * grown to some 8000 bytecodes, and a single vector exp is more than half of that; behind that point every vector operation allocates. A pass is called
 * through an interface with many classes behind it, which is not inlined, so every pass is compiled for itself.
 */
final class Passes {
    /** Rows that passes take at once where they take several: what they hand on stays in the first caches, and a call takes as long as some hundred elements. */
    static final int ROWS = 16;

    private Passes() {
    }

    /** @param several how many items each pass takes at once */
    static HostBody of(int several, HostBody... passes) {
        return (from, to, at, scratch) -> {
            for (int n = from; n < to; n += several) {
                for (HostBody pass : passes) {
                    pass.run(n, Math.min(n + several, to), at, scratch);
                }
            }
        };
    }
}
