package dev.wuneng.data;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/**
 * A function of many items on all processors, the results in the items' order.
 *
 * <p>The calling thread takes items and hands on results; a few chunks of them are in memory at a time.
 */
final class ParallelMap {

    // A chunk is worth handing to another thread, and small enough to keep a progress display moving.
    private static final int CHUNK_ITEMS = 256;
    private static final long CHUNK_WEIGHT = 1 << 18;
    // Enough that no thread waits for the one that has the longest chunk.
    private static final int CHUNKS_PER_THREAD = 4;

    private ParallelMap() {
    }

    /**
     * @param weight what an item takes of memory, in characters
     * @param sink   is given every chunk of results
     * @throws RuntimeException the first that an item, the function or the sink throws; likewise an {@code Error}
     */
    static <T, R> void run(Iterator<T> items, ToLongFunction<T> weight, Function<T, R> function, Consumer<List<R>> sink) {
        int threads = Runtime.getRuntime().availableProcessors();
        Queue<Future<List<R>>> pending = new ArrayDeque<>();
        ExecutorService executor = Executors.newFixedThreadPool(threads, Thread.ofPlatform().daemon().factory());
        try {
            while (items.hasNext()) {
                List<T> chunk = chunk(items, weight);
                pending.add(executor.submit(() -> chunk.stream().map(function).toList()));
                if (pending.size() > threads * CHUNKS_PER_THREAD) {
                    sink.accept(result(pending.remove()));
                }
            }
            while (!pending.isEmpty()) {
                sink.accept(result(pending.remove()));
            }
        } finally {
            // After a failure nobody wants the rest; but the tokenizer must not be closed under a running thread.
            pending.forEach(future -> future.cancel(false));
            executor.close();
        }
    }

    private static <T> List<T> chunk(Iterator<T> items, ToLongFunction<T> weight) {
        List<T> chunk = new ArrayList<>();
        for (long sum = 0; items.hasNext() && chunk.size() < CHUNK_ITEMS && sum < CHUNK_WEIGHT;) {
            T item = items.next();
            sum += weight.applyAsLong(item);
            chunk.add(item);
        }
        return chunk;
    }

    private static <R> R result(Future<R> future) {
        try {
            return future.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException cause -> throw cause;
                // Memory that is full, say.
                case Error cause -> throw cause;
                default -> throw new IllegalStateException(e.getCause());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DataException("The work was interrupted: start it again.", e);
        }
    }
}
