package dev.wuneng.kernels.check;

/** What TornadoVM refuses or computes wrongly, and our own conventions that keep kernels clear of it. */
enum KernelRule {
    /** Without {@code javac -g} TornadoVM finds no parallel loop, and runs the Java body. */
    DEBUG_NAMES,
    /** Public, static and void; at most 15 parameters: {@code (int from, int to, IntArray at, int p, arrays…, ints and floats…)}. */
    SIGNATURE,
    /** Method names begin with the class's name, once each; names go into the device's source, so they are none of its words. */
    NAMES,
    /** One parallel loop {@code for (@Parallel int item = 0; item < to - from; item++)}: no other is run in parallel. */
    PARALLEL_LOOP,
    /** Only the functions that are known to be right on a device, and static helpers of the same package, not recursively. */
    CALLS,
    /** No throw, catch, lock or type check. */
    EXCEPTIONS,
    /** No objects and no arrays but float[] and int[]. */
    ALLOCATION,
    /** No static fields but compile-time constants. */
    FIELDS,
    /** No unsigned shift, which comes out signed; no remainder of floats; no float to long. */
    OPERATORS,
    /** No infinite or NaN constants, which the device's compiler may assume never to occur. */
    CONSTANTS,
    /** No return within a loop. */
    RETURN_IN_LOOP,
    /** One break a loop, out of that loop alone, and none around a loop that has one. */
    BREAKS,
    /** A private array is written before it is read: on a device it does not begin as zeros. */
    PRIVATE_ARRAYS
}
