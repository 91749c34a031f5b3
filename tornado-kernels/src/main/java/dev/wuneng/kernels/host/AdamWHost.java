package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@link dev.wuneng.kernels.op.AdamW} in vectors, a block of parameters an item. */
public final class AdamWHost {
    private AdamWHost() {
    }

    public static HostBody update(View params, View gradients, View m, View v, View hyper, View norm, int count,
            float beta1, float beta2, float eps, float decay) {
        return (from, to, at, scratch) -> {
            float factor = norm.floats().get(at[5] + 1);
            if (!(factor > 0f)) {
                return;
            }
            MemorySegment weights = params.segment();
            MemorySegment slopes = gradients.segment();
            MemorySegment means = m.segment();
            MemorySegment squares = v.segment();
            FloatArray rates = hyper.floats();
            float shrink = rates.get(at[4]) * decay;
            float rate = rates.get(at[4] + 1);
            float correction = rates.get(at[4] + 2);
            int end = Blocks.end(to, count);
            int i = Blocks.begin(from);
            for (; i <= end - Lanes.LENGTH; i += Lanes.LENGTH) {
                FloatVector g = Lanes.load(slopes, at[1] + i).mul(factor);
                FloatVector mean = Lanes.load(means, at[2] + i).mul(beta1).add(g.mul(1f - beta1));
                FloatVector square = Lanes.load(squares, at[3] + i).mul(beta2).add(g.mul(g).mul(1f - beta2));
                FloatVector w = Lanes.load(weights, at[0] + i);
                FloatVector step = mean.mul(rate).div(square.sqrt().mul(correction).add(eps));
                Lanes.store(mean, means, at[2] + i);
                Lanes.store(square, squares, at[3] + i);
                Lanes.store(w.sub(w.mul(shrink).add(step)), weights, at[0] + i);
            }
            int left = end - i;
            if (left > 0) {
                FloatVector g = Lanes.load(slopes, at[1] + i, left).mul(factor);
                FloatVector mean = Lanes.load(means, at[2] + i, left).mul(beta1).add(g.mul(1f - beta1));
                FloatVector square = Lanes.load(squares, at[3] + i, left).mul(beta2).add(g.mul(g).mul(1f - beta2));
                FloatVector w = Lanes.load(weights, at[0] + i, left);
                FloatVector step = mean.mul(rate).div(square.sqrt().mul(correction).add(eps));
                Lanes.store(mean, means, at[2] + i, left);
                Lanes.store(square, squares, at[3] + i, left);
                Lanes.store(w.sub(w.mul(shrink).add(step)), weights, at[0] + i, left);
            }
        };
    }
}
