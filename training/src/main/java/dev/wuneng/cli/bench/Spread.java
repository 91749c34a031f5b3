package dev.wuneng.cli.bench;

import com.google.gson.JsonObject;
import java.util.List;

/** Repeated measurements of one thing. */
record Spread(double median, double min, double max) {
    static Spread of(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int middle = sorted.size() / 2;
        double median = sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
        return new Spread(median, sorted.getFirst(), sorted.getLast());
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
