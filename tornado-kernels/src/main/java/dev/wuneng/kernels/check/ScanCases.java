package dev.wuneng.kernels.check;

import dev.wuneng.kernels.check.OpCase.Tensor;
import dev.wuneng.kernels.op.StateScan;
import dev.wuneng.kernels.op.StateScanBackward;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import java.util.ArrayList;
import java.util.List;

/** Cases of the scan over the state. */
final class ScanCases {
    private ScanCases() {
    }

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        cases.add(scan(1, 1, 100, 1, 8));
        cases.add(scan(2, 15, 6, 2, 8));
        cases.add(scan(1, 17, 100, 2, 16));
        cases.add(scan(2, 33, 7, 1, 10));
        cases.add(scan(1, 16, 100, 1, 33));
        cases.add(scan(1, 63, 24, 1, 9));
        cases.add(scan(1, 9, 5, 1, 64));
        cases.add(scan(1, 2, 100, 1, 100));
        cases.add(scan(2, 37, 9, 2, 32));
        cases.add(scan(1, 37, 21, 1, 64));
        cases.add(scan(1, 18, 7, 1, 96));
        cases.add(scan(1, 20, 100, 1, 128));
        return cases;
    }

    /** A row begins in the middle of a segment where its number is odd, so the initial state counts there. */
    private static int[] positions(int batch, int tokens, int segment) {
        int[] pos = ShiftCases.positions(batch, tokens, segment);
        for (int b = 1; b < batch; b += 2) {
            for (int t = 0; t < tokens && t < segment / 2; t++) {
                pos[b * tokens + t] = 5 + t;
            }
        }
        return pos;
    }

    static OpCase scan(int batch, int tokens, int segment, int heads, int size) {
        int rows = batch * tokens;
        OpCase c = new OpCase("state_scan", "batch=" + batch + " tokens=" + tokens + " segment=" + segment + " heads=" + heads + "x" + size);
        Tensor streams = c.input("streams", rows * heads * 6 * size).filled(streams(positions(batch, tokens, segment), heads, size));
        Tensor initial = c.input("initial", batch * heads * size * size).constant();
        Tensor u = c.input("u", rows * heads * size);
        Tensor y = c.output("y", rows * heads * size);
        Tensor e = c.output("e", rows * heads * size).constant();
        Tensor checkpoints = c.output("checkpoints", (int) StateScan.checkpointsSize(batch, tokens, heads, size)).constant();
        Tensor z = c.output("z", rows * heads * size);
        Tensor last = c.output("last", batch * heads * size * size).constant();
        c.reference(v -> {
            for (int state = 0; state < batch * heads; state++) {
                double[] s = new double[size * size];
                System.arraycopy(v.in(initial), state * size * size, s, 0, s.length);
                int slots = StateScan.slots(tokens);
                System.arraycopy(s, 0, v.out(checkpoints), state * slots * size * size, s.length);
                for (int t = 0; t < tokens; t++) {
                    int token = (state / heads * tokens + t) * heads + state % heads;
                    step(s, v.in(streams), token, size, v.out(e));
                    read(s, v.in(streams), (token * 6 + 5) * size, v.in(u), v.out(y), v.out(z), token * size, size);
                    if ((t + 1) % StateScan.CHUNK == 0 || t + 1 == tokens) {
                        System.arraycopy(s, 0, v.out(checkpoints), (state * slots + t / StateScan.CHUNK + 1) * size * size, s.length);
                    }
                }
                System.arraycopy(s, 0, v.out(last), state * size * size, s.length);
            }
        });
        View work = c.scratch("work", (int) StateScanBackward.workSize(batch, tokens, heads, size));
        c.forward(StateScan.forward(streams.view(), initial.view(), y.view(), e.view(), checkpoints.view(), batch, tokens, heads, size),
                StateScan.readout(streams.view(), e.view(), checkpoints.view(), u.view(), z.view(), batch, tokens, heads, size),
                StateScan.last(checkpoints.view(), last.view(), batch, tokens, heads, size));
        c.backward(StateScanBackward.readout(streams.view(), e.view(), checkpoints.view(), z.grad(), u.grad(), batch, tokens, heads, size));
        return c.backward(StateScanBackward.gradients(streams.view(), e.view(), checkpoints.view(), u.view(), y.grad(), z.grad(), work,
                streams.grad(), batch, tokens, heads, size).toArray(Launch[]::new));
    }

    /** Maps normal values to streams whose state neither dies nor grows; w and b are zero where a segment begins. */
    private static OpCase.Filling streams(int[] pos, int heads, int size) {
        return (i, x) -> {
            boolean begins = pos[i / (heads * 6 * size)] == 0;
            return switch (i / size % 6) {
                case 0 -> begins ? 0 : 0.55 + 0.45 / (1 + Math.exp(-x));
                case 1 -> x / Math.sqrt(size);
                case 2 -> begins ? 0 : 0.5 * x / Math.sqrt(size);
                default -> x;
            };
        };
    }

    /** S ← S diag(w) − (S κ̂) bᵀ + v k̂ᵀ. */
    private static void step(double[] s, double[] streams, int token, int size, double[] e) {
        int at = token * 6 * size;
        for (int i = 0; i < size; i++) {
            double sum = 0;
            for (int j = 0; j < size; j++) {
                sum += s[i * size + j] * streams[at + size + j];
            }
            e[token * size + i] = sum;
            for (int j = 0; j < size; j++) {
                s[i * size + j] = s[i * size + j] * streams[at + j] - sum * streams[at + 2 * size + j] + streams[at + 4 * size + i] * streams[at + 3 * size + j];
            }
        }
    }

    /** y = S r and z = Sᵀ u. */
    private static void read(double[] s, double[] streams, int r, double[] u, double[] y, double[] z, int at, int size) {
        for (int i = 0; i < size; i++) {
            for (int j = 0; j < size; j++) {
                y[at + i] += s[i * size + j] * streams[r + j];
                z[at + j] += s[i * size + j] * u[at + i];
            }
        }
    }
}
