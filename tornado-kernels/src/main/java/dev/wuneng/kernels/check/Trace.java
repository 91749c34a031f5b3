package dev.wuneng.kernels.check;

import dev.wuneng.kernels.run.Buffer;

/** Sees what a check writes into buffers and what it compares. */
interface Trace {
    Trace NONE = new Trace() {
        @Override
        public void written(Buffer buffer) {
            // Nobody looks.
        }

        @Override
        public void compared(String tensor, double[] computed, double[] expected) {
            // Nobody looks.
        }
    };

    void written(Buffer buffer);

    /** Of a large gradient only the elements that were compared. */
    void compared(String tensor, double[] computed, double[] expected);
}
