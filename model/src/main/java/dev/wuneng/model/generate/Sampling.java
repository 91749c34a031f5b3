package dev.wuneng.model.generate;

import dev.wuneng.model.ModelException;
import java.util.Comparator;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * How a token is drawn from logits.
 *
 * @param temperature what the logits are divided by; 0 always takes the most likely token
 * @param topP draws from the fewest tokens that together have this probability; 1 draws from all
 */
public record Sampling(double temperature, double topP) {
    public static final Sampling GREEDY = new Sampling(0, 1);

    public Sampling {
        if (!(temperature >= 0) || Double.isInfinite(temperature)) {
            throw new ModelException("temperature is " + temperature + ", and must be 0 (the most likely token) or more");
        }
        if (!(topP > 0 && topP <= 1)) {
            throw new ModelException("top-p is " + topP + ", and must lie above 0 and not above 1");
        }
    }

    /** A token; of equally likely ones the greedy choice is the first. */
    int choose(float[] logits, SplittableRandom random) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        return temperature == 0 ? best : draw(logits, logits[best], random);
    }

    private int draw(float[] logits, double largest, SplittableRandom random) {
        double[] weights = new double[logits.length];
        double total = 0;
        for (int i = 0; i < weights.length; i++) {
            weights[i] = Math.exp((logits[i] - largest) / temperature);
            total += weights[i];
        }
        int[] order = IntStream.range(0, weights.length).boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> -weights[i])).mapToInt(Integer::intValue).toArray();
        int kept = 0;
        double mass = 0;
        while (kept < order.length && (kept == 0 || mass < topP * total)) {
            mass += weights[order[kept++]];
        }
        double point = random.nextDouble() * mass;
        int i = 0;
        while (i < kept - 1 && point >= weights[order[i]]) {
            point -= weights[order[i++]];
        }
        return order[i];
    }
}
