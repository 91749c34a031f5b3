package dev.wuneng.kernels.run;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * An ordered list of launches over named buffers, built for one batch shape. It is run with an index (a layer, a chunk of rows), which
 * moves the views that are stacked; so one program serves all layers, and what a device compiles does not grow with depth.
 */
public final class Program {
    private final String name;
    private final List<Launch> launches;
    private final int[] offsetsOf;
    private final IntArray at;

    public Program(String name, List<Launch> launches) {
        this.name = name;
        this.launches = List.copyOf(launches);
        this.offsetsOf = new int[launches.size()];
        int views = 0;
        for (int i = 0; i < offsetsOf.length; i++) {
            offsetsOf[i] = views;
            views += launches.get(i).views().size();
        }
        this.at = new IntArray(Math.max(1, views));
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

    /** The first element of every view of every launch, as the kernels read it. */
    IntArray at() {
        return at;
    }

    /** Where the offsets of a launch begin in {@link #at()}. */
    int offsetsOf(int launch) {
        return offsetsOf[launch];
    }

    /** Fills the offset table for a run with an index. */
    void moveTo(int index) {
        int n = 0;
        for (Launch launch : launches) {
            for (View view : launch.views()) {
                at.set(n++, view.offset(index));
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
