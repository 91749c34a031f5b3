package dev.wuneng.cli.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class SpreadTest {
    @Test
    void theMiddleOfWhatWasMeasured() {
        assertEquals(new Spread(3, 1, 7), Spread.of(List.of(7.0, 1.0, 3.0)));
        assertEquals(new Spread(4, 1, 8), Spread.of(List.of(8.0, 5.0, 1.0, 3.0)));
    }

    @Test
    void theLongestTimeIsTheSlowestRate() {
        assertEquals(new Spread(4, 2, 8), new Spread(2, 1, 4).rate(8));
    }

    @Test
    void aRunIsRepeatedHoweverLongItTakes() {
        int[] runs = {0};
        Spread seconds = Spread.ofSeconds(() -> runs[0]++, 0);
        assertEquals(3, runs[0]);
        assertTrue(seconds.min() <= seconds.median() && seconds.median() <= seconds.max(), seconds.toString());
    }
}
