package dev.wuneng.training;

import dev.wuneng.data.pack.EvaluationRows;
import dev.wuneng.data.pack.PackedBatch;
import dev.wuneng.data.pack.Position;
import dev.wuneng.data.pack.TrainingRows;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.training.objective.Objective;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** Takes optimizer steps; the stages differ by their objective alone. */
public final class Trainer {
    /** What a step did: {@code tokens} are those that are not padding, and {@code paddingShare} is how much of its positions was. */
    public record Step(long number, Losses losses, double learningRate, double gradientNorm, long tokens, double paddingShare) {
    }

    private final Objective objective;
    private final Optimizer optimizer;
    private final Schedule schedule;
    private final TrainingRows rows;
    private final int microBatches;
    private final Executor executor;

    public Trainer(Objective objective, Optimizer optimizer, Schedule schedule, TrainingRows rows, int microBatches, Executor executor) {
        this.objective = objective;
        this.optimizer = optimizer;
        this.schedule = schedule;
        this.rows = rows;
        this.microBatches = microBatches;
        this.executor = executor;
        List<Program> programs = new ArrayList<>(objective.programs());
        programs.addAll(optimizer.programs());
        executor.prepare(programs);
    }

    /**
     * Takes one step.
     *
     * @param interrupted asked before every micro-batch; a step cut off by it leaves everything as it was
     * @return nothing where the step was cut off
     */
    public Optional<Step> step(BooleanSupplier interrupted) {
        Position begin = rows.position();
        List<PackedBatch> batches = new ArrayList<>();
        for (int i = 0; i < microBatches; i++) {
            batches.add(rows.next());
        }
        StepTotals totals = StepTotals.of(batches);
        Losses losses = new Losses();
        optimizer.zeroGradients(executor);
        for (PackedBatch batch : batches) {
            if (interrupted.getAsBoolean()) {
                rows.seek(begin);
                return Optional.empty();
            }
            losses.addAll(objective.accumulate(batch, totals, executor));
        }
        long number = optimizer.step() + 1;
        double rate = schedule.rate(number);
        double norm = optimizer.step(rate, executor);
        if (!Double.isFinite(norm)) {
            throw new TrainingException("step " + number + " has gradients that are not finite (loss " + losses.get("loss")
                    + "), and changed nothing: go on from the last checkpoint with a lower learning_rate.start or a longer learning_rate.warm_up");
        }
        double padding = batches.stream().mapToInt(PackedBatch::padding).sum();
        return Optional.of(new Step(number, losses, rate, norm, totals.unmasked(), padding / (padding + totals.unmasked())));
    }

    /** Means over what is held out, or over the first so many micro-batches of it. */
    public Losses evaluate(EvaluationRows heldOut, int batches) {
        Losses losses = new Losses();
        int left = batches;
        for (PackedBatch batch : heldOut) {
            if (left-- == 0) {
                break;
            }
            losses.addAll(objective.evaluate(batch, executor));
        }
        return losses;
    }
}
