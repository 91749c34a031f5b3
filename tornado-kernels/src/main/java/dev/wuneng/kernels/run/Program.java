package dev.wuneng.kernels.run;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * An ordered list of launches over named buffers, built for one batch shape. It is run with an index (a layer, a chunk of rows), which
 * moves the views that are stacked; so one program serves all layers, and what a device compiles does not grow with depth.
 */
public final class Program {
    private final String name;
    private final List<Launch> launches;
    private final int[] tableOf;
    private final int[] offsetsOf;
    private final List<IntArray> tables = new ArrayList<>();

    /**
     * A launch finds its offsets at a place of a table, and a device compiles that place into the kernel. So launches that are alike but
     * for their buffers stand at the same place, each in another table: their compiled forms are alike too, and a driver that keeps what
     * it has built builds one of them.
     */
    public Program(String name, List<Launch> launches) {
        this.name = name;
        this.launches = List.copyOf(launches);
        this.tableOf = new int[launches.size()];
        this.offsetsOf = new int[launches.size()];
        Map<List<Object>, Integer> places = new HashMap<>();
        Map<List<Object>, Integer> seen = new HashMap<>();
        int size = 0;
        for (int i = 0; i < offsetsOf.length; i++) {
            Launch launch = launches.get(i);
            List<Object> kind = List.of(launch.name(), launch.items(), launch.views().size(), launch.scalars());
            Integer place = places.putIfAbsent(kind, size);
            offsetsOf[i] = place == null ? size : place;
            size += place == null ? launch.views().size() : 0;
            tableOf[i] = seen.merge(kind, 1, Integer::sum) - 1;
        }
        int most = seen.values().stream().mapToInt(Integer::intValue).max().orElse(0);
        for (int t = 0; t < most; t++) {
            tables.add(new IntArray(Math.max(1, size)));
        }
        for (int i = 0; i < offsetsOf.length; i++) {
            List<Launch> together = launches.get(i).together();
            if (!launches.subList(i, Math.min(launches.size(), i + together.size())).equals(together)) {
                throw new IllegalArgumentException("program " + name + " parts " + launches.get(i).name() + " from launches that must follow it");
            }
        }
    }

    public String name() {
        return name;
    }

    public List<Launch> launches() {
        return launches;
    }

    /** Every buffer that a launch reads or writes, in order of first use. */
    public Set<Buffer> buffers() {
        Set<Buffer> buffers = new LinkedHashSet<>();
        for (Launch launch : launches) {
            for (View view : launch.views()) {
                buffers.add(view.buffer());
            }
        }
        return buffers;
    }

    /** The tables with the first elements of views, as the kernels read them. */
    List<IntArray> tables() {
        return tables;
    }

    /** The table of a launch. */
    IntArray at(int launch) {
        return tables.get(tableOf[launch]);
    }

    /** Where the offsets of a launch begin in its table. */
    int offsetsOf(int launch) {
        return offsetsOf[launch];
    }

    /** The first elements of the views of {@code count} launches, one launch after the other. */
    int[] offsets(int first, int count) {
        int views = 0;
        for (int i = first; i < first + count; i++) {
            views += launches.get(i).views().size();
        }
        int[] offsets = new int[views];
        int n = 0;
        for (int i = first; i < first + count; i++) {
            for (int v = 0; v < launches.get(i).views().size(); v++) {
                offsets[n++] = at(i).get(offsetsOf[i] + v);
            }
        }
        return offsets;
    }

    /** Fills the tables for a run with an index. */
    void moveTo(int index) {
        for (int i = 0; i < offsetsOf.length; i++) {
            int n = offsetsOf[i];
            for (View view : launches.get(i).views()) {
                at(i).set(n++, view.offset(index));
            }
        }
    }

    /** Collects launches in order. */
    public static final class Builder {
        private final List<Launch> launches = new ArrayList<>();

        public Builder add(Launch launch) {
            launches.add(launch);
            return this;
        }

        public Builder addAll(List<Launch> several) {
            launches.addAll(several);
            return this;
        }

        public Program build(String name) {
            return new Program(name, launches);
        }
    }
}
