package dev.wuneng.kernels.run;

/**
 * A second form of a launch for TornadoVM's devices that are CPUs: a kernel with the same signature, over the same arrays and scalars, that computes in
 * TornadoVM's vector types. A driver for CPUs finds no vectors by itself in what TornadoVM writes, since addresses are plain integers there.
 *
 * @param items the number of items of the kernel's parallel loop
 */
public record VectorForm(Kernel kernel, int items) {
}
