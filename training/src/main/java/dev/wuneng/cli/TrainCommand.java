package dev.wuneng.cli;

import dev.wuneng.kernels.run.Executor;
import dev.wuneng.training.config.RunConfig;
import dev.wuneng.training.config.RunConfigs;
import dev.wuneng.training.config.Stage;
import dev.wuneng.training.run.TrainingRun;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code wuneng train}: one stage. */
@Command(
        name = "train",
        description = {"Trains one stage: teacher (language model), align, distill or sft.",
            "What a configuration may hold is in the Javadoc of RunConfig; the resolved one is written to the run's folder. "
                    + "The same command again goes on with a run that was stopped."})
final class TrainCommand implements Callable<Integer> {
    /** What a shell gives for a program that Ctrl-C ended. */
    private static final int INTERRUPTED = 130;

    @Mixin
    private DeviceOption device;

    @Parameters(paramLabel = "STAGE", description = "${COMPLETION-CANDIDATES}")
    private Stage stage;

    @Option(names = "--config", paramLabel = "FILE", description = "the run's configuration, run.json")
    private Path config;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "overrides the configuration: --set learning_rate.start=3e-4")
    private List<String> settings = List.of();

    @Override
    public Integer call() {
        RunConfig run = RunConfigs.read(stage, config, settings);
        try (Executor executor = device.open(run.device(), run.threads()); Interruption interruption = new Interruption()) {
            TrainingRun.Ending ending = TrainingRun.run(run, executor, new TrainingProgress(stage.toString()), interruption);
            System.out.println();
            System.out.println(switch (ending) {
                case FINISHED -> "The model is in " + TrainingRun.model(run);
                case FINISHED_BEFORE -> "This run was finished before: the model is in " + TrainingRun.model(run);
                case INTERRUPTED -> "Stopped and saved in " + run.out() + ": the same command goes on from there";
            });
            return ending == TrainingRun.Ending.INTERRUPTED ? INTERRUPTED : 0;
        }
    }
}
