package dev.wuneng.kernels.run;

import java.io.Serializable;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task10;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task11;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task12;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task13;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task14;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task15;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task5;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task6;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task7;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task8;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task9;

/**
 * A compute kernel: a static method that TornadoVM compiles and that the JVM executor calls as it is.
 *
 * <p>Every kernel has the signature {@code (int from, int to, IntArray at, int p, arrays…, scalars…)} and one loop over its items,
 *
 * <pre>{@code
 *   for (@Parallel int item = 0; item < to - from; item++) {
 *       int i = from + item;
 * }</pre>
 *
 * which begins at a literal 0 because TornadoVM parallelises no other. On a device the range is 0…items, spread over work-items; on the
 * JVM each worker thread calls the method with a part of the range. Items are independent, so the result does not depend on how the range
 * is cut. Array {@code n} begins at element {@code at.get(p + n)}: so a kernel that TornadoVM compiled once serves all layers, whose parameters are
 * stacked in one buffer.
 *
 * <p>Kernels are {@link Serializable} because TornadoVM 6 and later finds the method of a lambda through
 * {@code writeReplace}; at most 15 arguments is what TornadoVM before 5.2 takes.
 */
public interface Kernel extends Serializable {
    /** Runs the kernel on the calling thread. */
    void call(Object[] arguments);

    /** Adds the kernel to a TornadoVM task graph as the task {@code id}. */
    void addTo(TaskGraph graph, String id, Object[] arguments);

    /** A kernel of 5 arguments. */
    interface K5<A, B, C, D, E> extends Task5<A, B, C, D, E>, Kernel {
        @Override
        @SuppressWarnings("unchecked")
        default void call(Object[] a) {
            apply((A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4]);
        }

        @Override
        @SuppressWarnings("unchecked")
        default void addTo(TaskGraph graph, String id, Object[] a) {
            graph.task(id, this, (A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4]);
        }
    }

    /** A kernel of 6 arguments. */
    interface K6<A, B, C, D, E, F> extends Task6<A, B, C, D, E, F>, Kernel {
        @Override
        @SuppressWarnings("unchecked")
        default void call(Object[] a) {
            apply((A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4], (F) a[5]);
        }

        @Override
        @SuppressWarnings("unchecked")
        default void addTo(TaskGraph graph, String id, Object[] a) {
            graph.task(id, this, (A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4], (F) a[5]);
        }
    }

    /** A kernel of 7 arguments. */
    interface K7<A, B, C, D, E, F, G> extends Task7<A, B, C, D, E, F, G>, Kernel {
        @Override
        @SuppressWarnings("unchecked")
        default void call(Object[] a) {
            apply((A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4], (F) a[5], (G) a[6]);
        }

        @Override
        @SuppressWarnings("unchecked")
        default void addTo(TaskGraph graph, String id, Object[] a) {
            graph.task(id, this, (A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4], (F) a[5], (G) a[6]);
        }
    }

    /** A kernel of 8 arguments. */
    interface K8<A, B, C, D, E, F, G, H> extends Task8<A, B, C, D, E, F, G, H>, Kernel {
        @Override
        @SuppressWarnings("unchecked")
        default void call(Object[] a) {
            apply((A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4], (F) a[5], (G) a[6], (H) a[7]);
        }

        @Override
        @SuppressWarnings("unchecked")
        default void addTo(TaskGraph graph, String id, Object[] a) {
            graph.task(id, this, (A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4], (F) a[5], (G) a[6], (H) a[7]);
        }
    }

    /** A kernel of 9 arguments. */
    interface K9<A, B, C, D, E, F, G, H, I> extends Task9<A, B, C, D, E, F, G, H, I>, Kernel {
        @Override
        @SuppressWarnings("unchecked")
        default void call(Object[] a) {
            apply((A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4], (F) a[5], (G) a[6], (H) a[7], (I) a[8]);
        }

        @Override
        @SuppressWarnings("unchecked")
        default void addTo(TaskGraph graph, String id, Object[] a) {
            graph.task(id, this, (A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4], (F) a[5], (G) a[6], (H) a[7], (I) a[8]);
        }
    }

    /** A kernel of 10 arguments. */
    interface K10<A, B, C, D, E, F, G, H, I, J> extends Task10<A, B, C, D, E, F, G, H, I, J>, Kernel {
        @Override
        @SuppressWarnings("unchecked")
        default void call(Object[] a) {
            apply((A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4], (F) a[5], (G) a[6], (H) a[7], (I) a[8], (J) a[9]);
        }

        @Override
        @SuppressWarnings("unchecked")
        default void addTo(TaskGraph graph, String id, Object[] a) {
            graph.task(id, this, (A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4], (F) a[5], (G) a[6], (H) a[7], (I) a[8], (J) a[9]);
        }
    }

    /** A kernel of 11 arguments. */
    interface K11<A, B, C, D, E, F, G, H, I, J, K> extends Task11<A, B, C, D, E, F, G, H, I, J, K>, Kernel {
        @Override
        @SuppressWarnings("unchecked")
        default void call(Object[] a) {
            apply((A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4], (F) a[5], (G) a[6], (H) a[7], (I) a[8], (J) a[9], (K) a[10]);
        }

        @Override
        @SuppressWarnings("unchecked")
        default void addTo(TaskGraph graph, String id, Object[] a) {
            graph.task(id, this, (A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4], (F) a[5], (G) a[6], (H) a[7], (I) a[8], (J) a[9], (K) a[10]);
        }
    }

    /** A kernel of 12 arguments. */
    interface K12<A, B, C, D, E, F, G, H, I, J, K, L> extends Task12<A, B, C, D, E, F, G, H, I, J, K, L>, Kernel {
        @Override
        @SuppressWarnings("unchecked")
        default void call(Object[] a) {
            apply((A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4], (F) a[5], (G) a[6], (H) a[7], (I) a[8], (J) a[9], (K) a[10], (L) a[11]);
        }

        @Override
        @SuppressWarnings("unchecked")
        default void addTo(TaskGraph graph, String id, Object[] a) {
            graph.task(id, this, (A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4], (F) a[5], (G) a[6], (H) a[7], (I) a[8], (J) a[9], (K) a[10], (L) a[11]);
        }
    }

    /** A kernel of 13 arguments. */
    interface K13<A, B, C, D, E, F, G, H, I, J, K, L, M> extends Task13<A, B, C, D, E, F, G, H, I, J, K, L, M>, Kernel {
        @Override
        @SuppressWarnings("unchecked")
        default void call(Object[] a) {
            apply((A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4], (F) a[5], (G) a[6], (H) a[7], (I) a[8], (J) a[9], (K) a[10], (L) a[11], (M) a[12]);
        }

        @Override
        @SuppressWarnings("unchecked")
        default void addTo(TaskGraph graph, String id, Object[] a) {
            graph.task(id, this, (A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4], (F) a[5], (G) a[6], (H) a[7], (I) a[8], (J) a[9], (K) a[10], (L) a[11], (M) a[12]);
        }
    }

    /** A kernel of 14 arguments. */
    interface K14<A, B, C, D, E, F, G, H, I, J, K, L, M, N> extends Task14<A, B, C, D, E, F, G, H, I, J, K, L, M, N>, Kernel {
        @Override
        @SuppressWarnings("unchecked")
        default void call(Object[] a) {
            apply((A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4], (F) a[5], (G) a[6], (H) a[7], (I) a[8], (J) a[9], (K) a[10], (L) a[11], (M) a[12], (N) a[13]);
        }

        @Override
        @SuppressWarnings("unchecked")
        default void addTo(TaskGraph graph, String id, Object[] a) {
            graph.task(id, this, (A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4], (F) a[5], (G) a[6], (H) a[7], (I) a[8], (J) a[9], (K) a[10], (L) a[11], (M) a[12], (N) a[13]);
        }
    }

    /** A kernel of 15 arguments. */
    interface K15<A, B, C, D, E, F, G, H, I, J, K, L, M, N, O> extends Task15<A, B, C, D, E, F, G, H, I, J, K, L, M, N, O>, Kernel {
        @Override
        @SuppressWarnings("unchecked")
        default void call(Object[] a) {
            apply((A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4], (F) a[5], (G) a[6], (H) a[7], (I) a[8], (J) a[9], (K) a[10], (L) a[11], (M) a[12], (N) a[13], (O) a[14]);
        }

        @Override
        @SuppressWarnings("unchecked")
        default void addTo(TaskGraph graph, String id, Object[] a) {
            graph.task(id, this, (A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4], (F) a[5], (G) a[6], (H) a[7], (I) a[8], (J) a[9], (K) a[10], (L) a[11], (M) a[12], (N) a[13], (O) a[14]);
        }
    }
}
