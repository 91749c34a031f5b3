package dev.wuneng.training.objective;

import dev.wuneng.data.pack.Sequences;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.training.Losses;
import dev.wuneng.training.StepTotals;
import java.util.List;

/** What a training stage minimises. The first of its losses, {@code loss}, is what the gradients belong to. */
public interface Objective {
    /** The parameters that a stage changes, and their gradients. */
    Parameters parameters();

    /** Every program that the objective runs. */
    List<Program> programs();

    /** Runs a micro-batch forward and backward and adds to the gradients; {@code step} says what the step's means are over. */
    Losses accumulate(Sequences batch, StepTotals step, Executor executor);

    /** Runs a micro-batch forward. */
    Losses evaluate(Sequences batch, Executor executor);
}
