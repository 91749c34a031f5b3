package dev.wuneng.training.run;

import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.training.Losses;
import dev.wuneng.training.Trainer;
import java.util.Optional;

/** Is told how a run goes. */
public interface TrainingListener {
    /** Before anything is allocated: what the run will keep in memory, of so many bytes that there are. */
    void planned(RunMemory memory, long available);

    /** @param step steps already taken, by an earlier part of the run; {@code steps} in all */
    void begun(Parameters trained, long step, long steps);

    /** @param seconds the time since the step before */
    void step(Trainer.Step step, double seconds);

    /** Means over held-out documents; of several files each has its own. */
    void evaluated(long step, Optional<String> file, Losses heldOut);
}
