package dev.wuneng.cli.bench;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code wuneng bench}: what this machine does. */
@Command(name = "bench", description = "Measures a training step or matrix products.", subcommands = {BenchTrainCommand.class, BenchGemmCommand.class})
public final class BenchCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Missing what to measure: train or gemm.");
    }
}
