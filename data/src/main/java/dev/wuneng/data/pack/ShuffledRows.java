package dev.wuneng.data.pack;

import dev.wuneng.data.DataException;
import dev.wuneng.data.Dataset;
import dev.wuneng.data.pack.Position.Place;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.LongPredicate;

/**
 * The rows of one dataset: epoch after epoch without end, each in another order.
 *
 * <p>While the rows of a window are taken, another thread reads and packs the next one. So two windows are in memory.
 */
final class ShuffledRows {

    private final Dataset dataset;
    private final Windows windows;
    private final Worker worker;
    private final int count;
    private final long seed;
    private Place place = Place.START;
    // The rows of the window that the place stands in; null until they are needed.
    private List<List<Piece>> rows;
    private Ahead ahead;
    private long nanosWaited;

    private record Ahead(int epoch, int window, FutureTask<List<List<Piece>>> rows) {
    }

    ShuffledRows(Dataset dataset, LongPredicate selected, int length, long seed, Worker worker) {
        this.dataset = dataset;
        this.worker = worker;
        this.seed = seed;
        windows = new Windows(dataset, selected, length);
        count = windows.count(worker);
    }

    List<Piece> next() {
        if (rows == null) {
            load();
        }
        // One window may hold no selected document; if none of a whole epoch does, there is nothing to train on.
        for (int empty = 0; place.row() == rows.size(); empty++) {
            if (empty > count) {
                throw nothingSelected();
            }
            place = place.nextWindow(count);
            load();
        }
        List<Piece> row = rows.get(place.row());
        place = place.nextRow();
        return row;
    }

    Place place() {
        return place;
    }

    void seek(Place place) {
        this.place = place;
        rows = null;
    }

    /** How long {@link #next} waited for the disk and for packing. */
    double secondsWaited() {
        return nanosWaited / 1e9;
    }

    private void load() {
        if (count == 0) {
            throw nothingSelected();
        }
        if (!place.isSound() || place.window() >= count) {
            throw doesNotExist();
        }
        long begin = System.nanoTime();
        boolean isAhead = ahead != null && ahead.epoch == place.epoch() && ahead.window == place.window();
        rows = result(isAhead ? ahead : read(place));
        nanosWaited += System.nanoTime() - begin;
        if (place.row() > rows.size()) {
            throw doesNotExist();
        }
        ahead = read(place.nextWindow(count));
    }

    private Ahead read(Place at) {
        FutureTask<List<List<Piece>>> task = new FutureTask<>(() -> windows.shuffled(at.window(), worker, seed, at.epoch()));
        Thread.ofPlatform().daemon().name("data").start(task);
        return new Ahead(at.epoch(), at.window(), task);
    }

    private static List<List<Piece>> result(Ahead ahead) {
        try {
            return ahead.rows.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DataException("Reading was interrupted: start the run again.", e);
        }
    }

    private DataException doesNotExist() {
        return new DataException("The saved data position " + place + " of " + dataset.path()
                + " does not exist: resume with the data and settings that the run began with.");
    }

    private DataException nothingSelected() {
        return new DataException("There is no document to train on in " + dataset.path()
                + ", as it is empty or all of it is held out: tokenize more text or hold out less.");
    }
}
