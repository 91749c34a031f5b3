package dev.wuneng.kernels.op;

import dev.wuneng.kernels.run.GroupForm;
import dev.wuneng.kernels.run.Kernel;
import java.util.List;
import java.util.Optional;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * How kernels that compute each element alone are laid out for a GPU where the plain ones walk whole rows: a group takes 1024 consecutive elements,
 * its item n those at n, n + 256, n + 512 and n + 768, so that neighbours read neighbouring addresses. An item computes its four before it writes the
 * first, for no compiler moves a read ahead of a write that may change what is read.
 */
final class ElementGroups {
    private static final int ITEMS = 256;
    private static final int ELEMENTS = 4 * ITEMS;

    private ElementGroups() {
    }

    /** The form takes {@code count} as its last scalar. */
    static Optional<GroupForm> form(Kernel kernel, int count) {
        return count > Integer.MAX_VALUE - ELEMENTS ? Optional.empty()
                : Optional.of(new GroupForm(kernel, (count + ELEMENTS - 1) / ELEMENTS, ITEMS, 0, List.of(count)));
    }

    /** The first element of an item. */
    static int elementGroupsFirst(int group, int item) {
        return group * ELEMENTS + item;
    }

    /** Writes an item's four results, as far as there are so many elements. */
    static void elementGroupsWrite(FloatArray y, int y0, float[] results, int first, int count) {
        for (int n = 0; n < 4; n++) {
            int i = first + ITEMS * n;
            if (i < count) {
                y.set(y0 + i, results[n]);
            }
        }
    }
}
