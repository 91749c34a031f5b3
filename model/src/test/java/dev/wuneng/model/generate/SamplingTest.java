package dev.wuneng.model.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.wuneng.model.ModelException;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SamplingTest {
    /** Probabilities 1/2, 1/4, 1/8, 1/8 in another order. */
    private static final float[] LOGITS = {(float) Math.log(0.125), (float) Math.log(0.5), (float) Math.log(0.25), (float) Math.log(0.125)};

    @Test
    void temperatureZeroTakesTheFirstOfTheMostLikely() {
        assertEquals(1, Sampling.GREEDY.choose(LOGITS, new SplittableRandom(1)));
        assertEquals(0, Sampling.GREEDY.choose(new float[] {2, 2, 1}, new SplittableRandom(1)));
    }

    @Test
    void drawsByProbability() {
        int[] counts = counts(new Sampling(1, 1));
        assertEquals(0.125, counts[0] / 10_000.0, 0.02);
        assertEquals(0.5, counts[1] / 10_000.0, 0.02);
        assertEquals(0.25, counts[2] / 10_000.0, 0.02);
    }

    @Test
    void temperatureSharpens() {
        // Squared and normalised: 16 : 4 : 1 : 1.
        assertEquals(16.0 / 22, counts(new Sampling(0.5, 1))[1] / 10_000.0, 0.02);
    }

    @Test
    void topPCutsTheTail() {
        int[] counts = counts(new Sampling(1, 0.7));
        assertEquals(2.0 / 3, counts[1] / 10_000.0, 0.02);
        assertEquals(1.0 / 3, counts[2] / 10_000.0, 0.02);
        assertEquals(10_000, counts(new Sampling(1, 1e-9))[1]);
    }

    @Test
    void settingsThatMeanNothingAreRefused() {
        assertThrows(ModelException.class, () -> new Sampling(-1, 1));
        assertThrows(ModelException.class, () -> new Sampling(Double.NaN, 1));
        assertThrows(ModelException.class, () -> new Sampling(1, 0));
    }

    private static int[] counts(Sampling sampling) {
        SplittableRandom random = new SplittableRandom(1);
        int[] counts = new int[LOGITS.length];
        for (int i = 0; i < 10_000; i++) {
            counts[sampling.choose(LOGITS, random)]++;
        }
        return counts;
    }
}
