package dev.wuneng.cli.bench;

import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;

/** Repeated measurements of one thing. */
record Spread(double median, double min, double max) {
    private static final int LEAST_RUNS = 3;

    static Spread of(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int middle = sorted.size() / 2;
        double median = sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
        return new Spread(median, sorted.getFirst(), sorted.getLast());
    }

    /** The seconds of a run, which is repeated for so long, and at least a few times. */
    static Spread ofSeconds(Runnable run, double seconds) {
        List<Double> times = new ArrayList<>();
        long end = System.nanoTime() + (long) (seconds * 1e9);
        while (times.size() < LEAST_RUNS || System.nanoTime() < end) {
            long start = System.nanoTime();
            run.run();
            times.add((System.nanoTime() - start) / 1e9);
        }
        return of(times);
    }

    /** Of seconds that something took: how much of it a second. */
    Spread rate(double amount) {
        return new Spread(amount / median, amount / max, amount / min);
    }

    JsonObject json() {
        JsonObject json = new JsonObject();
        json.addProperty("median", median);
        json.addProperty("min", min);
        json.addProperty("max", max);
        return json;
    }

    @Override
    public String toString() {
        return "%,.1f (%,.1f to %,.1f)".formatted(median, min, max);
    }
}
