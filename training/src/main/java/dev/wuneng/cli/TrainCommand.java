package dev.wuneng.cli;

import dev.wuneng.kernels.run.Executor;
import dev.wuneng.training.config.RunConfig;
import dev.wuneng.training.config.RunConfigs;
import dev.wuneng.training.config.Stage;
import dev.wuneng.training.run.TrainingRun;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code wuneng train}: one stage. */
@Command(
        name = "train",
        description = {"Trains one stage: teacher (language model), align, distill or sft.",
            "The resolved configuration is written to the run's folder, out. The same command again goes on with a run that was stopped."})
final class TrainCommand implements Callable<Integer> {
    @Mixin
    private DeviceOption device;

    @Mixin
    private ProfileOption profile;

    @Parameters(paramLabel = "STAGE", description = "${COMPLETION-CANDIDATES}")
    private Stage stage;

    @Option(names = "--config", paramLabel = "FILE", description = "the run's configuration, run.json")
    private Path config;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "overrides the configuration: --set learning_rate.start=3e-4")
    private List<String> settings = List.of();

    /** Appends all keys of a configuration to the help; their meaning is in the Javadoc of {@link RunConfig}. */
    static void explainKeys(CommandSpec train) {
        String defaults = RunConfigs.defaults(Stage.ALIGN).replace("%", "%%");
        train.usageMessage().footer(Stream.concat(Stream.of("", "All keys, with the defaults of align:"), defaults.lines()).toArray(String[]::new));
    }

    @Override
    public Integer call() {
        RunConfig run = RunConfigs.read(stage, config, settings);
        try (Executor executor = device.open(run.device(), run.threads()); Interruption interruption = new Interruption()) {
            profile.begin(executor);
            TrainingRun.Ending ending = TrainingRun.run(run, executor, new TrainingProgress(stage.toString()), interruption);
            System.out.println();
            System.out.println(switch (ending) {
                case FINISHED -> "The model is in " + TrainingRun.model(run);
                case FINISHED_BEFORE -> "This run was finished before: the model is in " + TrainingRun.model(run);
                case INTERRUPTED -> "Stopped and saved in " + run.out() + ": the same command goes on from there";
            });
            profile.print(executor);
            return ending == TrainingRun.Ending.INTERRUPTED ? Interruption.STATUS : 0;
        }
    }
}
