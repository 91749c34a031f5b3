package dev.wuneng.cli;

import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.JvmExecutor;

/** Opens what computes, and says which it is: the first line of every command that computes. */
public final class Devices {
    private Devices() {
    }

    /** @param threads 0 is all processors */
    public static Executor open(int threads) {
        JvmExecutor executor = threads == 0 ? JvmExecutor.allCores() : new JvmExecutor(threads);
        System.out.println("Device: " + executor.device());
        return executor;
    }
}
