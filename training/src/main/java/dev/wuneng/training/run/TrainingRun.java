package dev.wuneng.training.run;

import dev.wuneng.data.pack.TrainingRows;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.model.Checkpoint;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.training.Losses;
import dev.wuneng.training.Optimizer;
import dev.wuneng.training.Schedule;
import dev.wuneng.training.Trainer;
import dev.wuneng.training.config.RunConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * One stage from its configuration to a finished model. A run whose folder holds a checkpoint goes on from there, and ends with the same
 * bits as one that was never stopped.
 */
public final class TrainingRun {
    /** How a call of {@link #run} ended. */
    public enum Ending { FINISHED, INTERRUPTED, FINISHED_BEFORE }

    private final RunConfig config;
    private final Executor executor;
    private final TrainingListener listener;
    private final RunFolder folder;

    private TrainingRun(RunConfig config, Executor executor, TrainingListener listener) {
        this.config = config;
        this.executor = executor;
        this.listener = listener;
        folder = RunFolder.open(config);
    }

    /** Where a run with this configuration puts its finished model. */
    public static Path model(RunConfig config) {
        return Path.of(config.out()).resolve("model");
    }

    /**
     * Trains until all steps are taken or {@code interrupted} says to stop, which saves a checkpoint.
     *
     * @throws dev.wuneng.training.TrainingException if the gradients are no longer finite; the last checkpoint stays
     */
    public static Ending run(RunConfig config, Executor executor, TrainingListener listener, BooleanSupplier interrupted) {
        try (RunData data = RunData.open(config.data())) {
            TrainingRun run = new TrainingRun(data.countSteps(config), executor, listener);
            return Files.exists(run.folder.model()) ? Ending.FINISHED_BEFORE : run.train(data, interrupted);
        }
    }

    private Ending train(RunData data, BooleanSupplier interrupted) {
        Optional<Path> resumed = folder.latest();
        Models models = Models.of(config, resumed, data.vocabularySize());
        data.check(models);
        TrainingRows rows = data.trainingRows(config.seed());

        RunConfig.AdamW adam = config.optimizer();
        Optimizer optimizer = new Optimizer(models.trained(),
                new Optimizer.Settings(adam.beta1(), adam.beta2(), adam.eps(), adam.weightDecay(), adam.clipNorm()));
        listener.planned(RunMemory.check(config, models, optimizer, executor), executor.memory());
        models.values().run();
        resumed.ifPresent(checkpoint -> TrainingState.restore(checkpoint, optimizer, rows, executor));
        RunConfig.LearningRate rate = config.learningRate();
        Schedule schedule = new Schedule(rate.start(), rate.min(), rate.warmUp(), config.steps());
        Trainer trainer = new Trainer(Objectives.of(config, models), optimizer, schedule, rows, config.microBatches(), executor);
        Metrics metrics = Metrics.after(optimizer.step(), folder.metrics());

        listener.begun(models.trained(), optimizer.step(), config.steps());
        if (optimizer.step() == 0) {
            evaluate(trainer, data, 0, metrics);
        }
        long before = System.nanoTime();
        while (optimizer.step() < config.steps()) {
            Optional<Trainer.Step> taken = interrupted.getAsBoolean() ? Optional.empty() : trainer.step(interrupted);
            if (taken.isEmpty()) {
                saveCheckpoint(models, optimizer, rows);
                return Ending.INTERRUPTED;
            }
            double seconds = (System.nanoTime() - before) / 1e9;
            metrics.step(taken.get(), seconds, rows.secondsWaited());
            listener.step(taken.get(), seconds);
            long step = optimizer.step();
            if (step == config.steps() || config.evaluation().every() > 0 && step % config.evaluation().every() == 0) {
                evaluate(trainer, data, step, metrics);
            }
            if (config.checkpointEvery() > 0 && step % config.checkpointEvery() == 0) {
                saveCheckpoint(models, optimizer, rows);
            }
            before = System.nanoTime();
        }
        download(models.trained());
        folder.saveModel(to -> Checkpoint.save(to, models.trained(), models.tokenizer()));
        return Ending.FINISHED;
    }

    private void evaluate(Trainer trainer, RunData data, long step, Metrics metrics) {
        if (config.data().heldOut() == 0 || config.evaluation().every() == 0) {
            return;
        }
        for (RunData.HeldOut heldOut : data.heldOut()) {
            Losses losses = trainer.evaluate(heldOut.rows(), config.evaluation().batches());
            // A small file may have held out nothing.
            if (!losses.means().isEmpty()) {
                metrics.evaluation(step, heldOut.file(), losses);
                listener.evaluated(step, heldOut.file(), losses);
            }
        }
    }

    private void saveCheckpoint(Models models, Optimizer optimizer, TrainingRows rows) {
        download(models.trained());
        folder.saveCheckpoint(optimizer.step(), to -> {
            Checkpoint.save(to, models.trained(), models.tokenizer());
            TrainingState.save(to, optimizer, rows, executor);
        });
    }

    private void download(Parameters parameters) {
        parameters.buffers().forEach(executor::download);
    }
}
