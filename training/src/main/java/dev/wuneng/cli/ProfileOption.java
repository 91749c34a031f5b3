package dev.wuneng.cli;

import dev.wuneng.kernels.run.Executor;
import picocli.CommandLine.Option;

/** {@code --profile} of commands that train, and of benchmarks. */
public final class ProfileOption {
    @Option(names = "--profile", description = "says at the end how long compiling, copying and each kernel took. Every launch is waited for then, "
            + "so all of it together takes longer")
    private boolean profile;

    /** Begins to count, if asked to. */
    public void begin(Executor executor) {
        executor.profile().countEveryRun(profile);
    }

    /** Prints what was counted, if asked to. */
    public void print(Executor executor) {
        if (profile) {
            System.out.println();
            System.out.print(executor.profile().table());
        }
    }
}
