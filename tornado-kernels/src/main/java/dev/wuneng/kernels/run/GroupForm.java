package dev.wuneng.kernels.run;

/**
 * A second form of a launch for devices whose work-groups share fast memory: a kernel {@code (KernelContext context, IntArray at, int p,
 * arrays…, scalars…)} over the same arrays and scalars, whose items compute a group's part together.
 *
 * @param groups work-groups, and {@code items} in each; the kernel relies on both
 * @param localBytes local memory that a group takes
 */
public record GroupForm(Kernel kernel, int groups, int items, int localBytes) {

    /** Work-items in all. */
    int global() {
        return Math.multiplyExact(groups, items);
    }
}
