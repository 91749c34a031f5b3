package dev.wuneng.kernels.op;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

class RopeTest {
    @Test
    void tablesAreExactForLatePositions() {
        int positions = 40_000;
        FloatArray cos = new FloatArray(positions * 4);
        FloatArray sin = new FloatArray(positions * 4);
        Rope.fillTables(cos, sin, positions, 8, 1e6);
        for (int j = 0; j < 4; j++) {
            double angle = 39_999 * Math.pow(1e6, -j / 4.0);
            assertEquals(Math.cos(angle), cos.get(39_999 * 4 + j), 1e-7);
            assertEquals(Math.sin(angle), sin.get(39_999 * 4 + j), 1e-7);
        }
        assertEquals(1f, cos.get(0));
        assertEquals(0f, sin.get(3));
    }
}
