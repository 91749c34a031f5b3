package dev.wuneng.training;

import dev.wuneng.data.pack.Sequences;
import java.util.List;

/**
 * What the losses of one optimizer step are means over: the tokens of all its micro-batches together, counted before the first is run, or the
 * result would depend on how a step is cut.
 */
public record StepTotals(long labelled, long unmasked, int microBatches) {
    public static StepTotals of(List<? extends Sequences> step) {
        return new StepTotals(step.stream().mapToLong(Sequences::labelled).sum(), step.stream().mapToLong(Sequences::unmasked).sum(), step.size());
    }
}
