package dev.wuneng.kernels.run;

import java.util.List;

/**
 * A second form of a launch for devices whose work-groups share fast memory: a kernel {@code (KernelContext context, IntArray at, int p,
 * arrays…, scalars…)} over the same arrays and scalars, and maybe some more, whose items compute a group's part together.
 *
 * @param groups work-groups, and {@code items} in each; the kernel relies on both
 * @param localBytes local memory that a group takes
 * @param scalars what the kernel takes after the scalars of the launch, Integer and Float
 */
public record GroupForm(Kernel kernel, int groups, int items, int localBytes, List<Object> scalars) {

    /** A form that takes what the launch takes. */
    public GroupForm(Kernel kernel, int groups, int items, int localBytes) {
        this(kernel, groups, items, localBytes, List.of());
    }

    /** Work-items in all. */
    int global() {
        return Math.multiplyExact(groups, items);
    }
}
