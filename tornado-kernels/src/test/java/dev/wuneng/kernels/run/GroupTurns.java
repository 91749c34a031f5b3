package dev.wuneng.kernels.run;

import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The barriers of a group whose items run one at a time, from one barrier to the next, in an order that is drawn anew at each: what depends on
 * the order then differs from run to run.
 */
final class GroupTurns {
    private final Random random;
    private final Semaphore[] turns;
    private final List<Integer> order;
    private int next;
    private int waiting;
    private int ended;
    private volatile boolean failed;

    GroupTurns(int items, Random random) {
        this.random = random;
        turns = IntStream.range(0, items).mapToObj(item -> new Semaphore(0)).toArray(Semaphore[]::new);
        order = IntStream.range(0, items).boxed().collect(Collectors.toList());
        giveTurn();
    }

    /** Runs an item's part of a group. */
    void run(int item, Runnable part) {
        try {
            take(item);
            part.run();
            ended++;
            checkTogether();
            giveTurn();
        } catch (RuntimeException | Error e) {
            failed = true;
            for (Semaphore turn : turns) {
                turn.release();
            }
            throw e;
        }
    }

    void barrier(int item) {
        waiting++;
        checkTogether();
        giveTurn();
        take(item);
    }

    private void checkTogether() {
        if (waiting > 0 && ended > 0) {
            throw new IllegalStateException("an item waits at a barrier that another does not reach");
        }
    }

    private void take(int item) {
        turns[item].acquireUninterruptibly();
        if (failed) {
            throw new IllegalStateException("another item failed");
        }
    }

    private void giveTurn() {
        if (next == 0) {
            waiting = 0;
            Collections.shuffle(order, random);
        }
        int turn = order.get(next);
        next = (next + 1) % order.size();
        // Last, since from here on the other item runs.
        if (ended < order.size()) {
            turns[turn].release();
        }
    }
}
