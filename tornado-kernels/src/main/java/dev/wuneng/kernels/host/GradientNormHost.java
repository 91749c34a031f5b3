package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@link dev.wuneng.kernels.op.GradientNorm} in vectors; each sum is over elements that lie together. */
public final class GradientNormHost {
    private GradientNormHost() {
    }

    /** Items are sums. */
    public static HostBody partial(View gradients, View partial, int count, int partials) {
        return (from, to, at, scratch) -> {
            MemorySegment g = gradients.segment();
            FloatArray out = partial.floats();
            for (int i = from; i < to; i++) {
                int first = (int) ((long) count * i / partials);
                int end = (int) ((long) count * (i + 1) / partials);
                FloatVector even = Lanes.of(0f);
                FloatVector odd = Lanes.of(0f);
                int j = first;
                for (; j + 2 * Lanes.LENGTH <= end; j += 2 * Lanes.LENGTH) {
                    FloatVector x = Lanes.load(g, at[0] + j);
                    FloatVector y = Lanes.load(g, at[0] + j + Lanes.LENGTH);
                    even = x.fma(x, even);
                    odd = y.fma(y, odd);
                }
                for (; j < end; j += Lanes.LENGTH) {
                    FloatVector x = Lanes.load(g, at[0] + j, end - j);
                    even = x.fma(x, even);
                }
                out.set(at[1] + i, Lanes.sum(even.add(odd)));
            }
        };
    }
}
