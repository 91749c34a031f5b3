package dev.wuneng.cli.bench;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code wuneng bench}: what this machine does. */
@Command(name = "bench", description = "Measures a training step, generation, matrix products, or everything against PyTorch.",
        subcommands = {BenchTrainCommand.class, BenchGenerateCommand.class, BenchGemmCommand.class, BenchCompareCommand.class})
public final class BenchCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Missing what to measure: train, generate, gemm or compare.");
    }
}
