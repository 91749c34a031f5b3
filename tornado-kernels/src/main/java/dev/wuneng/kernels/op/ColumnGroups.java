package dev.wuneng.kernels.op;

import dev.wuneng.kernels.run.GroupForm;
import dev.wuneng.kernels.run.Kernel;
import java.util.Optional;

/**
 * How forms for work-groups share out sums over the blocks of rows that {@link ColumnSum} adds up, where an item of the plain kernel has a column of a
 * block, 64 rows one after another: a group of 256 items has 32 columns of a block, and shares out its rows.
 *
 * <pre>
 *   item (slice, column) = slice · 32 + column   rows slice, slice + 8, slice + 16, …
 * </pre>
 *
 * <p>All that an item reads is under way at once. It leaves its sums in local memory, and after a barrier those of slice 0 add up the 8 of their column.
 * A row behind the last reads the last, and counts for nothing.
 */
final class ColumnGroups {
    static final int COLUMNS = 32;
    static final int SLICES = 8;
    static final int ITEMS = SLICES * COLUMNS;

    private ColumnGroups() {
    }

    /** @param sums what the kernel sums over rows, each with an array of {@link #ITEMS} in local memory */
    static Optional<GroupForm> form(Kernel kernel, int rows, int columns, int sums) {
        return columns % COLUMNS != 0 ? Optional.empty()
                : Optional.of(new GroupForm(kernel, ColumnSum.blocks(rows) * (columns / COLUMNS), ITEMS, sums * ITEMS * Float.BYTES));
    }

    /** The block of rows of a group, where blocks have {@code columns}. */
    static int columnGroupsBlock(int group, int columns) {
        return group / (columns / COLUMNS);
    }

    /** The column of an item. */
    static int columnGroupsColumn(int group, int item, int columns) {
        return group * COLUMNS - columnGroupsBlock(group, columns) * columns + item - item / COLUMNS * COLUMNS;
    }
}
