package dev.wuneng.kernels.op;

import dev.wuneng.kernels.run.GroupForm;
import dev.wuneng.kernels.run.Kernel;
import java.util.List;
import java.util.Optional;

/**
 * How forms for work-groups share out the work of operations that treat every head of every token by itself, with [rows, heads] numbered as {@code n}:
 *
 * <pre>
 *   item (head, lane) = head · 16 + lane   head n = 8 group + head, of it elements lane, lane + 16, lane + 32, …
 * </pre>
 *
 * <p>So neighbours read neighbouring addresses, and an item has a few elements that are under way at once and stay in registers. It reads
 * all that it needs before it writes anything, because a compiler that cannot tell arrays apart must not read ahead of a write. Where a head is summed,
 * items leave the sums of their elements in local memory, and after a barrier each adds up all 16 of its head, in the order of lanes: that is less work
 * than to halve their number again and again, with a barrier each time.
 *
 * <p>The last group may lack heads. Its items compute the last head instead and write what others write too, so a kernel that adds to
 * what is there has to leave them out.
 */
final class HeadGroups {
    /** Items of a group for each head. */
    static final int LANES = 16;
    /** Heads of a group. */
    static final int HEADS = 8;
    /** Items of a group. */
    static final int ITEMS = HEADS * LANES;
    /** Elements that an item has at most. */
    static final int MOST = 8;

    private HeadGroups() {
    }

    /**
     * A form of a kernel that takes {@code count}, all heads of all tokens, after its other scalars, where items have whole numbers of elements, and enough
     * to do.
     *
     * @param sums what the kernel sums over a head, each with an array of {@link #ITEMS} in local memory
     */
    static Optional<GroupForm> form(Kernel kernel, int count, int headSize, int sums) {
        return headSize % LANES != 0 || headSize < 2 * LANES || headSize > MOST * LANES ? Optional.empty()
                : Optional.of(new GroupForm(kernel, (count + HEADS - 1) / HEADS, ITEMS, sums * ITEMS * Float.BYTES, List.of(count)));
    }
}
