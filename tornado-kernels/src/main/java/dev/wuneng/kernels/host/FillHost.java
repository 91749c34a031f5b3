package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@link dev.wuneng.kernels.op.Fill} in vectors, a block of elements an item. */
public final class FillHost {
    private FillHost() {
    }

    public static HostBody with(float value, View y, int count) {
        return (from, to, at, scratch) -> {
            MemorySegment out = y.segment();
            FloatArray rest = y.floats();
            int end = Blocks.end(to, count);
            int i = Blocks.begin(from);
            for (; i <= end - Lanes.LENGTH; i += Lanes.LENGTH) {
                Lanes.store(Lanes.of(value), out, at[0] + i);
            }
            for (; i < end; i++) {
                rest.set(at[0] + i, value);
            }
        };
    }
}
