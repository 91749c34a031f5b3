package dev.wuneng.training;

import dev.wuneng.kernels.run.Buffer;
import java.util.LinkedHashMap;
import java.util.Map;

/** Named means, added up in float64 over micro-batches. */
public final class Losses {
    private static final class Mean {
        double sum;
        double count;
    }

    private final Map<String, Mean> means = new LinkedHashMap<>();

    /** Adds a sum over {@code count} things. */
    public Losses add(String name, double sum, double count) {
        Mean mean = means.computeIfAbsent(name, n -> new Mean());
        mean.sum += sum;
        mean.count += count;
        return this;
    }

    /** Adds the first {@code rows} elements of a buffer, the losses of single tokens, of which {@code count} are not masked. */
    public Losses addRows(String name, Buffer rowLosses, int rows, double count) {
        double sum = 0;
        for (int r = 0; r < rows; r++) {
            sum += rowLosses.floats().get(r);
        }
        return add(name, sum, count);
    }

    public Losses addAll(Losses others) {
        others.means.forEach((name, mean) -> add(name, mean.sum, mean.count));
        return this;
    }

    /** The mean of a name; NaN where nothing was counted. */
    public double get(String name) {
        Mean mean = means.get(name);
        return mean == null || mean.count == 0 ? Double.NaN : mean.sum / mean.count;
    }

    /** All means in order of first use. */
    public Map<String, Double> means() {
        Map<String, Double> all = new LinkedHashMap<>();
        means.keySet().forEach(name -> all.put(name, get(name)));
        return all;
    }
}
