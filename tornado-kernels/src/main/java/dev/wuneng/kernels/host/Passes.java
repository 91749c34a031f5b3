package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;

/**
 * A host body in several passes over each item, which hand their results on in thread memory. The JVM's compiler stops inlining when a method has
 * grown to some 8000 bytecodes, and a single vector exp is more than half of that; behind that point every vector operation allocates. A pass is called
 * through an interface with many classes behind it, which is not inlined, so every pass is compiled for itself.
 */
final class Passes {
    private Passes() {
    }

    static HostBody of(HostBody... passes) {
        return (from, to, at, scratch) -> {
            for (int n = from; n < to; n++) {
                for (HostBody pass : passes) {
                    pass.run(n, n + 1, at, scratch);
                }
            }
        };
    }
}
