package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** {@link dev.wuneng.kernels.op.Rope} in vectors of pairs; items are rows. */
public final class RopeHost {
    private RopeHost() {
    }

    public static HostBody turn(View x, View pos, View cos, View sin, View y, int heads, int pairs, float direction) {
        return (from, to, at, scratch) -> {
            MemorySegment in = x.segment();
            MemorySegment out = y.segment();
            MemorySegment cosines = cos.segment();
            MemorySegment sines = sin.segment();
            IntArray positions = pos.buffer().ints();
            for (int r = from; r < to; r++) {
                int angle = positions.get(at[1] + r) * pairs;
                for (int j = 0; j < pairs; j += Lanes.LENGTH) {
                    FloatVector c = Lanes.load(cosines, at[2] + angle + j);
                    FloatVector s = Lanes.load(sines, at[3] + angle + j).mul(direction);
                    for (int h = 0; h < heads; h++) {
                        int e = (r * heads + h) * 2 * pairs + j;
                        FloatVector first = Lanes.load(in, at[0] + e);
                        FloatVector second = Lanes.load(in, at[0] + e + pairs);
                        Lanes.store(first.mul(c).sub(second.mul(s)), out, at[4] + e);
                        Lanes.store(second.mul(c).add(first.mul(s)), out, at[4] + e + pairs);
                    }
                }
            }
        };
    }
}
