package dev.wuneng.kernels.run;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Threads that stay up between launches. The calling thread works too; the others spin for a moment after each piece of work, since the
 * next launch usually follows within microseconds, and then sleep. A launch is over when its parts are done: a thread that does not get a
 * processor in time, on a busy machine, holds nobody up, for the others do its share.
 */
final class Workers implements AutoCloseable {
    /** A part of a launch. */
    interface Part {
        void run(int part, Scratch scratch);
    }

    private static final int SPINS = 20_000;

    /** One launch. Each has its own counters, so that a late thread can only find that nothing is left. */
    private static final class Round {
        final Part work;
        final int parts;
        final AtomicInteger next = new AtomicInteger();
        final AtomicInteger done = new AtomicInteger();
        volatile Throwable failure;

        Round(int parts, Part work) {
            this.parts = parts;
            this.work = work;
        }

        void takeParts(Scratch scratch) {
            for (int part = next.getAndIncrement(); part < parts; part = next.getAndIncrement()) {
                try {
                    if (failure == null) {
                        work.run(part, scratch);
                    }
                } catch (Throwable t) {
                    failure = t;
                } finally {
                    done.getAndIncrement();
                }
            }
        }
    }

    private final Thread[] threads;
    private final Scratch callerScratch = new Scratch();
    private volatile Round current;
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
        Round round = new Round(parts, work);
        current = round;
        for (Thread thread : threads) {
            LockSupport.unpark(thread);
        }
        round.takeParts(callerScratch);
        for (int spins = 0; round.done.get() < parts; spins++) {
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                // A worker in the middle of a part may be waiting for this very processor.
                Thread.yield();
            }
        }
        if (round.failure != null) {
            throw round.failure instanceof RuntimeException e ? e : new KernelException("a worker thread failed: " + round.failure, round.failure);
        }
    }

    private void serve() {
        Scratch scratch = new Scratch();
        Round seen = null;
        while (true) {
            int spins = 0;
            while (current == seen && !closed) {
                if (spins++ < SPINS) {
                    Thread.onSpinWait();
                } else {
                    LockSupport.park(this);
                }
            }
            if (closed) {
                return;
            }
            seen = current;
            seen.takeParts(scratch);
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
