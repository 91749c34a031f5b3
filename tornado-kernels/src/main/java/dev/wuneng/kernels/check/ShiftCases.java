package dev.wuneng.kernels.check;

import dev.wuneng.kernels.check.OpCase.Tensor;
import dev.wuneng.kernels.op.ColumnSum;
import dev.wuneng.kernels.op.Tanh;
import dev.wuneng.kernels.op.TokenShift;
import dev.wuneng.kernels.run.View;
import java.util.ArrayList;
import java.util.List;

/** Cases of what stands before the state stream: token shift and tanh. */
final class ShiftCases {
    private ShiftCases() {
    }

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        cases.add(shift(1, 1, 1, 1, 1, 33, true));
        cases.add(shift(2, 17, 5, 1, 1, 33, false));
        cases.add(shift(1, 63, 100, 4, 4, 8, true));
        cases.add(shift(2, 15, 4, 4, 2, 16, true));
        cases.add(shift(3, 33, 100, 7, 1, 8, false));
        cases.add(shift(2, 70, 9, 1, 1, 48, true));
        cases.add(shift(1, 70, 100, 4, 2, 64, false));
        cases.add(carry(1, 8));
        cases.add(carry(5, 33));
        cases.add(tanh(1));
        cases.add(tanh(333));
        cases.add(tanh(4096 + 48));
        return cases;
    }

    /**
     * Positions of rows of tokens packed with segments of {@code segment} tokens; in every second row the first one is shorter, so that
     * segments begin everywhere.
     */
    static int[] positions(int batch, int tokens, int segment) {
        int[] pos = new int[batch * tokens];
        for (int b = 0; b < batch; b++) {
            for (int t = 0; t < tokens; t++) {
                int since = b % 2 == 0 ? t : t < segment / 2 ? t : t - segment / 2;
                pos[b * tokens + t] = since % segment;
            }
        }
        return pos;
    }

    static OpCase shift(int batch, int tokens, int segment, int heads, int kvHeads, int headSize, boolean adds) {
        int rows = batch * tokens;
        int width = heads * headSize;
        OpCase c = new OpCase("token_shift", "batch=" + batch + " tokens=" + tokens + " segment=" + segment + " heads=" + heads + "/" + kvHeads
                + "x" + headSize + (adds ? " adds" : ""));
        Tensor z = c.input("z", rows * kvHeads * headSize);
        if (adds) {
            z.accumulates();
        }
        Tensor mix = c.input("mix", width).accumulates();
        int[] positions = positions(batch, tokens, segment);
        Tensor pos = c.ints("pos", positions);
        Tensor out = c.output("out", rows * width);
        c.reference(v -> {
            for (int r = 0; r < rows; r++) {
                for (int i = 0; i < width; i++) {
                    int from = i / headSize * kvHeads / heads * headSize + i % headSize;
                    double now = v.in(z)[r * kvHeads * headSize + from];
                    double before = positions[r] == 0 ? 0 : v.in(z)[(r - 1) * kvHeads * headSize + from];
                    v.out(out)[r * width + i] = now + v.in(mix)[i] * (before - now);
                }
            }
        });
        View partial = c.scratch("partial", ColumnSum.blocks(rows) * width);
        return c.forward(TokenShift.forward(z.view(), mix.view(), pos.view(), out.view(), rows, heads, kvHeads, headSize, headSize))
                .backward(TokenShift.backwardInput(mix.view(), pos.view(), out.grad(), z.grad(), rows, heads, kvHeads, headSize, headSize, adds),
                        TokenShift.backwardMix(z.view(), pos.view(), out.grad(), partial, rows, heads, kvHeads, headSize, headSize),
                        ColumnSum.accumulate(partial, mix.grad(), ColumnSum.blocks(rows), width));
    }

    private static OpCase carry(int rows, int width) {
        OpCase c = new OpCase("token_shift_carry", "rows=" + rows + " width=" + width);
        Tensor z = c.updated("z", (1 + rows) * width);
        c.reference(v -> {
            System.arraycopy(v.in(z), 0, v.out(z), 0, (1 + rows) * width);
            System.arraycopy(v.in(z), rows * width, v.out(z), 0, width);
        });
        return c.forward(TokenShift.carry(z.view().plus(width), rows, width));
    }

    private static OpCase tanh(int size) {
        OpCase c = new OpCase("tanh", "size=" + size);
        Tensor x = c.input("x", size);
        Tensor y = c.output("y", size);
        c.reference(v -> {
            for (int i = 0; i < size; i++) {
                v.out(y)[i] = Math.tanh(v.in(x)[i]);
            }
        });
        return c.forward(Tanh.forward(x.view(), y.view(), size)).backward(Tanh.backward(y.view(), y.grad(), x.grad(), size));
    }
}
