package dev.wuneng.kernels.run;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * The forms of launches that follow each other, run in turn on a few rows at a time: what one of them reads or writes is still in the cache when the next one
 * comes to it. Each computes what it computes alone.
 */
public final class RowBlocks {
    /** Rows at a time of the launches whose items are rows. */
    private static final int ROWS = 16;

    private RowBlocks() {
    }

    /**
     * @param ofRows launches whose forms have rows as their items, each of which needs nothing but the same rows of those before
     * @param ofBlocks launches that come behind, whose forms have as many items for each block of {@code block} rows
     */
    public static List<Launch> inTurn(List<Launch> ofRows, List<Launch> ofBlocks, int rows, int block) {
        List<Launch> launches = new ArrayList<>(ofRows);
        launches.addAll(ofBlocks);
        List<Supplier<HostForm>> forms = launches.stream().map(Launch::formAlone).toList();
        int blocks = (rows + block - 1) / block;
        return Launch.together(launches, () -> {
            List<HostForm> each = forms.stream().map(Supplier::get).toList();
            return each.stream().allMatch(Objects::nonNull) ? new HostForm(blocks, body(launches, each, ofRows.size(), rows, block)) : null;
        });
    }

    private static HostBody body(List<Launch> launches, List<HostForm> forms, int ofRows, int rows, int block) {
        int blocks = (rows + block - 1) / block;
        return (from, to, at, scratch) -> {
            int[][] offsets = new int[forms.size()][];
            int first = 0;
            for (int i = 0; i < offsets.length; i++) {
                offsets[i] = Arrays.copyOfRange(at, first, first + launches.get(i).views().size());
                first += offsets[i].length;
            }
            for (int b = from; b < to; b++) {
                int end = Math.min(rows, (b + 1) * block);
                for (int r = b * block; r < end; r += ROWS) {
                    for (int i = 0; i < ofRows; i++) {
                        forms.get(i).body().run(r, Math.min(r + ROWS, end), offsets[i], scratch);
                    }
                }
                for (int i = ofRows; i < offsets.length; i++) {
                    int items = forms.get(i).items() / blocks;
                    forms.get(i).body().run(b * items, (b + 1) * items, offsets[i], scratch);
                }
            }
        };
    }
}
