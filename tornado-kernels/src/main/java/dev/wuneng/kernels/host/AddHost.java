package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;

/** {@link dev.wuneng.kernels.op.Add} in vectors; items are blocks of elements. */
public final class AddHost {
    private AddHost() {
    }

    public static HostBody sum(View a, View b, View y, int count) {
        return (from, to, at, scratch) -> {
            MemorySegment first = a.segment();
            MemorySegment second = b.segment();
            MemorySegment out = y.segment();
            int end = Blocks.end(to, count);
            for (int i = Blocks.begin(from); i < end; i += Lanes.LENGTH) {
                Lanes.store(Lanes.load(first, at[0] + i).add(Lanes.load(second, at[1] + i)), out, at[2] + i);
            }
        };
    }

    public static HostBody accumulate(View a, View y, int count) {
        return (from, to, at, scratch) -> {
            MemorySegment more = a.segment();
            MemorySegment sum = y.segment();
            int end = Blocks.end(to, count);
            for (int i = Blocks.begin(from); i < end; i += Lanes.LENGTH) {
                Lanes.store(Lanes.load(sum, at[1] + i).add(Lanes.load(more, at[0] + i)), sum, at[1] + i);
            }
        };
    }
}
