package dev.wuneng.training.objective;

import dev.wuneng.data.pack.Sequences;
import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Executor;

/** Labels, mask and loss weights of a micro-batch as the loss kernels read them. */
final class Targets {
    final Buffer labels;
    final Buffer mask;
    /** Weights of the losses, which change from step to step with the number of tokens. */
    final Buffer scales;

    Targets(int rows, int losses) {
        labels = Buffer.ints("labels", rows);
        mask = Buffer.ints("mask", rows);
        scales = Buffer.floats("scales", losses);
    }

    void set(Sequences batch, Executor executor, double... weights) {
        batch.copyLabels(labels.ints().getSegment());
        batch.copyMask(mask.ints().getSegment());
        for (int i = 0; i < weights.length; i++) {
            scales.floats().set(i, (float) weights[i]);
        }
        executor.upload(labels);
        executor.upload(mask);
        executor.upload(scales);
    }

    /** 1 / count; 0 where nothing is counted, and there is no gradient. */
    static double perToken(long count) {
        return count == 0 ? 0 : 1.0 / count;
    }
}
