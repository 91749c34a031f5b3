package dev.wuneng.kernels.run;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Threads that stay up between launches. The calling thread works too; the others spin for a moment after each piece of work, since the
 * next launch usually follows within microseconds, and then sleep.
 */
final class Workers implements AutoCloseable {
    /** A part of a launch. */
    interface Part {
        void run(int part, Scratch scratch);
    }

    private static final int SPINS = 20_000;

    private final Thread[] threads;
    private final Scratch callerScratch = new Scratch();
    private final AtomicInteger nextPart = new AtomicInteger();
    private final AtomicInteger busy = new AtomicInteger();
    private Part work;
    private int parts;
    private volatile Throwable failure;
    private volatile int round;
    private volatile boolean closed;

    Workers(int count) {
        threads = new Thread[count - 1];
        for (int i = 0; i < threads.length; i++) {
            threads[i] = Thread.ofPlatform().daemon().name("wuneng-worker-" + i).start(this::serve);
        }
    }

    int threads() {
        return threads.length + 1;
    }

    /** Runs parts 0 to {@code parts - 1} and returns when all are done. */
    synchronized void run(int parts, Part work) {
        if (closed) {
            throw new IllegalStateException("the executor is closed");
        }
        if (parts <= 1 || threads.length == 0) {
            for (int part = 0; part < parts; part++) {
                work.run(part, callerScratch);
            }
            return;
        }
        this.work = work;
        this.parts = parts;
        failure = null;
        nextPart.set(0);
        busy.set(threads.length);
        round++;
        for (Thread thread : threads) {
            LockSupport.unpark(thread);
        }
        takeParts(callerScratch);
        for (int spins = 0; busy.get() > 0; spins++) {
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                // A worker may be waiting for this very processor, where others want it too.
                Thread.yield();
            }
        }
        this.work = null;
        if (failure != null) {
            throw failure instanceof RuntimeException e ? e : new KernelException("a worker thread failed: " + failure, failure);
        }
    }

    private void takeParts(Scratch scratch) {
        try {
            for (int part = nextPart.getAndIncrement(); part < parts && failure == null; part = nextPart.getAndIncrement()) {
                work.run(part, scratch);
            }
        } catch (Throwable t) {
            failure = t;
        }
    }

    private void serve() {
        Scratch scratch = new Scratch();
        int done = 0;
        while (true) {
            int spins = 0;
            while (round == done && !closed) {
                if (spins++ < SPINS) {
                    Thread.onSpinWait();
                } else {
                    LockSupport.park(this);
                }
            }
            if (closed) {
                return;
            }
            done = round;
            takeParts(scratch);
            busy.decrementAndGet();
        }
    }

    @Override
    public void close() {
        closed = true;
        for (Thread thread : threads) {
            LockSupport.unpark(thread);
        }
    }
}
