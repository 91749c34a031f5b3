package dev.wuneng.kernels.op;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.kernels.check.Golden;
import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.JvmExecutor;
import java.io.IOException;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class StateScanTest {
    /** What two ways to the same number may differ by: the forms for the JVM take up to a chunk of tokens at once, relative to the decays since its beginning. */
    private static final float ROUNDING = 1e-4f;

    static Stream<Named<Executor>> executors() {
        return Stream.of(Named.of("plain kernels", JvmExecutor.plain(1)), Named.of("forms for the JVM", new JvmExecutor(2)));
    }

    @ParameterizedTest
    @MethodSource("executors")
    void matchesTheGoldenFile(Executor executor) throws IOException {
        Golden golden = new Golden("/golden/op-state-scan.safetensors");
        ScanRun run = new ScanRun(2, 9, 2, 8);
        double[] start = golden.tensor("start");
        double[] kk = golden.tensor("kk");
        double[] a = golden.tensor("a");
        double[] b = new double[a.length];
        Arrays.setAll(b, i -> start[i / 16] != 0 ? 0 : kk[i] * a[i]);
        double[] w = golden.tensor("w");
        Arrays.setAll(w, i -> start[i / 16] != 0 ? 0 : w[i]);
        double[][] vectors = {w, kk, b, golden.tensor("k"), golden.tensor("v"), golden.tensor("r")};
        for (int i = 0; i < run.streams.size(); i++) {
            run.streams.floats().set(i, (float) vectors[i / 8 % 6][i / 48 * 8 + i % 8]);
        }
        set(run.u, golden.tensor("u"));
        set(run.dy, golden.tensor("dy"));
        set(run.dz, golden.tensor("dz"));
        run.forward(executor).backward(executor);
        near(golden.tensor("y"), values(run.y));
        near(golden.tensor("z"), values(run.z));
        near(golden.tensor("state_last"), values(run.last));
        near(golden.tensor("du"), values(run.du));
        // The golden dw and da are zero where a segment begins, and StateStreams sees to that.
        double[] db = stream(run, 2);
        double[] da = new double[db.length];
        double[] dkk = stream(run, 1);
        double[] dw = stream(run, 0);
        for (int i = 0; i < db.length; i++) {
            double keep = start[i / 16] != 0 ? 0 : 1;
            da[i] = keep * db[i] * kk[i];
            dkk[i] += keep * db[i] * a[i];
            dw[i] *= keep;
        }
        near(golden.tensor("dw"), dw);
        near(golden.tensor("dkk"), dkk);
        near(golden.tensor("da"), da);
        near(golden.tensor("dk"), stream(run, 3));
        near(golden.tensor("dv"), stream(run, 4));
        near(golden.tensor("dr"), stream(run, 5));
    }

    @ParameterizedTest
    @MethodSource("executors")
    void twoPiecesGiveWhatOneGives(Executor executor) {
        for (int size : new int[] {8, 32, 64}) {
            ScanRun whole = new ScanRun(2, 40, 2, size).fill(1, row -> row % 40 % 13).forward(executor);
            ScanRun first = new ScanRun(2, 23, 2, size);
            ScanRun second = new ScanRun(2, 17, 2, size);
            for (int b = 0; b < 2; b++) {
                first.take(whole, b * 40, b * 40 + 23, b * 23);
                second.take(whole, b * 40 + 23, b * 40 + 40, b * 17);
            }
            first.forward(executor);
            for (int i = 0; i < first.last.size(); i++) {
                second.initial.floats().set(i, first.last.floats().get(i));
            }
            second.forward(executor);
            int width = 2 * size;
            for (int b = 0; b < 2; b++) {
                assertArrayEquals(ScanRun.rows(whole.y, b * 40, b * 40 + 23, width), ScanRun.rows(first.y, b * 23, b * 23 + 23, width), ROUNDING);
                assertArrayEquals(ScanRun.rows(whole.y, b * 40 + 23, b * 40 + 40, width), ScanRun.rows(second.y, b * 17, b * 17 + 17, width), ROUNDING);
                assertArrayEquals(ScanRun.rows(whole.z, b * 40 + 23, b * 40 + 40, width), ScanRun.rows(second.z, b * 17, b * 17 + 17, width), ROUNDING);
            }
            assertArrayEquals(ScanRun.rows(whole.last, 0, 4 * size, size), ScanRun.rows(second.last, 0, 4 * size, size), ROUNDING);
        }
    }

    @ParameterizedTest
    @MethodSource("executors")
    void aTokenChangesNothingBeforeIt(Executor executor) {
        ScanRun run = new ScanRun(1, 35, 2, 32).fill(2, row -> row).forward(executor);
        float[] y = ScanRun.rows(run.y, 0, 35, 64);
        float[] z = ScanRun.rows(run.z, 0, 35, 64);
        for (int t : new int[] {0, 15, 16, 34}) {
            ScanRun changed = new ScanRun(1, 35, 2, 32).fill(2, row -> row);
            for (int i = t * 384; i < (t + 1) * 384; i++) {
                changed.streams.floats().set(i, 0.6f);
            }
            changed.forward(executor);
            assertArrayEquals(Arrays.copyOf(y, t * 64), ScanRun.rows(changed.y, 0, t, 64));
            assertArrayEquals(Arrays.copyOf(z, t * 64), ScanRun.rows(changed.z, 0, t, 64));
            assertFalse(Arrays.equals(y, ScanRun.rows(changed.y, 0, 35, 64)));
        }
    }

    /** Neither decays of less than 1/2 nor of more than 2 are those of a model, but nothing forbids them. */
    @ParameterizedTest
    @MethodSource("executors")
    void steepDecaysAreTakenApart(Executor executor) {
        ScanRun run = new ScanRun(1, 40, 2, 32).fill(5, row -> row);
        ScanRun plain = new ScanRun(1, 40, 2, 32).fill(5, row -> row);
        for (ScanRun each : new ScanRun[] {run, plain}) {
            for (int t : new int[] {3, 4, 16, 25}) {
                for (int j = 0; j < 32; j++) {
                    each.streams.floats().set(t * 384 + j, j % 2 == 0 ? 0.1f : 2.5f);
                }
            }
        }
        run.forward(executor).backward(executor);
        plain.forward(JvmExecutor.plain(1)).backward(JvmExecutor.plain(1));
        near(values(plain.y), values(run.y));
        near(values(plain.z), values(run.z));
        near(values(plain.last), values(run.last));
        near(values(plain.du), values(run.du));
        near(values(plain.dstreams), values(run.dstreams));
    }

    @ParameterizedTest
    @MethodSource("executors")
    void packedSegmentsGiveWhatTheyGiveAlone(Executor executor) {
        int[] begins = {0, 5, 21, 37};
        ScanRun packed = new ScanRun(1, 37, 2, 32).fill(3, row -> row == 0 || row == 5 || row == 21 ? 0 : 1).forward(executor).backward(executor);
        for (int s = 0; s < 3; s++) {
            int from = begins[s];
            int to = begins[s + 1];
            ScanRun alone = new ScanRun(1, to - from, 2, 32);
            alone.take(packed, from, to, 0);
            alone.forward(executor).backward(executor);
            assertArrayEquals(ScanRun.rows(packed.y, from, to, 64), ScanRun.rows(alone.y, 0, to - from, 64), ROUNDING);
            assertArrayEquals(ScanRun.rows(packed.z, from, to, 64), ScanRun.rows(alone.z, 0, to - from, 64), ROUNDING);
            assertArrayEquals(ScanRun.rows(packed.du, from, to, 64), ScanRun.rows(alone.du, 0, to - from, 64), ROUNDING);
            // The first token's dw and db are of streams that are zero, and nobody reads them.
            assertArrayEquals(ScanRun.rows(packed.dstreams, from + 1, to, 384), ScanRun.rows(alone.dstreams, 1, to - from, 384), 1e-4f);
        }
    }

    @ParameterizedTest
    @MethodSource("executors")
    void aLongRowStaysFinite(Executor executor) {
        ScanRun run = new ScanRun(1, 600, 1, 64).fill(4, row -> row).forward(executor).backward(executor);
        double largest = 0;
        for (double value : values(run.dstreams)) {
            assertTrue(Double.isFinite(value));
            largest = Math.max(largest, Math.abs(value));
        }
        assertTrue(largest > 0 && largest < 1e4, "largest gradient " + largest);
        assertEquals(0, ScanRun.rows(run.checkpoints, 0, 64, 64)[0]);
    }

    private static void near(double[] expected, double[] computed) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            difference += (expected[i] - computed[i]) * (expected[i] - computed[i]);
            norm += expected[i] * expected[i];
        }
        assertEquals(expected.length, computed.length);
        assertTrue(Math.sqrt(difference / norm) < 1e-6, "relative error " + Math.sqrt(difference / norm));
    }

    private static double[] stream(ScanRun run, int vector) {
        double[] all = values(run.dstreams);
        double[] part = new double[all.length / 6];
        Arrays.setAll(part, i -> all[(i / run.size * 6 + vector) * run.size + i % run.size]);
        return part;
    }

    private static double[] values(Buffer buffer) {
        double[] values = new double[buffer.size()];
        Arrays.setAll(values, i -> buffer.floats().get(i));
        return values;
    }

    private static void set(Buffer buffer, double[] values) {
        for (int i = 0; i < values.length; i++) {
            buffer.floats().set(i, (float) values[i]);
        }
    }
}
