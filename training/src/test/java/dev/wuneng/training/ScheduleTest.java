package dev.wuneng.training;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class ScheduleTest {
    @Test
    void upInALineThenDownAlongACosine() {
        Schedule schedule = new Schedule(1e-3, 1e-4, 10, 110);
        assertEquals(1e-4, schedule.rate(1), 1e-12);
        assertEquals(1e-3, schedule.rate(10), 1e-12);
        assertEquals(5.5e-4, schedule.rate(60), 1e-12);
        assertEquals(1e-4, schedule.rate(110), 1e-12);
    }

    @Test
    void withoutWarmUpTheFirstStepsAreFast() {
        assertEquals(1e-4 + 9e-4 * (1 + Math.cos(Math.PI / 100)) / 2, new Schedule(1e-3, 1e-4, 0, 100).rate(1), 1e-12);
    }

    @Test
    void aRunShorterThanItsWarmUpOnlyRises() {
        assertEquals(5e-4, new Schedule(1e-3, 1e-4, 10, 5).rate(5), 1e-12);
    }
}
