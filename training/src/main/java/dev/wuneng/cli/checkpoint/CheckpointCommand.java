package dev.wuneng.cli.checkpoint;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code wuneng checkpoint}: the files of models. */
@Command(name = "checkpoint", description = "Inspects, converts or compares the files of models.",
        subcommands = {InspectCommand.class, ConvertCommand.class, DiffCommand.class})
public final class CheckpointCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Missing what to do: inspect, convert or diff.");
    }
}
