package dev.wuneng.cli;

import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;

/**
 * Holds the end of the program back while something is to be finished: on Ctrl-C (exit status 130) or a termination signal (143) the work is
 * told, and the JVM ends once this is closed.
 */
public final class Interruption implements BooleanSupplier, AutoCloseable {
    /** What a shell gives for a program that Ctrl-C ended. */
    public static final int STATUS = 130;

    private final CountDownLatch finished = new CountDownLatch(1);
    private final Thread hook = new Thread(this::onSignal);
    private volatile boolean asked;

    public Interruption() {
        Runtime.getRuntime().addShutdownHook(hook);
    }

    private void onSignal() {
        asked = true;
        try {
            finished.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether the work should stop. */
    @Override
    public boolean getAsBoolean() {
        return asked;
    }

    @Override
    public void close() {
        if (!asked) {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException shuttingDown) {
                // The hook runs already, and ends by the next line.
            }
        }
        finished.countDown();
    }
}
