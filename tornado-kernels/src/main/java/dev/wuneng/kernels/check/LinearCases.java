package dev.wuneng.kernels.check;

import dev.wuneng.kernels.check.OpCase.Tensor;
import dev.wuneng.kernels.op.ColumnSum;
import dev.wuneng.kernels.op.Fill;
import dev.wuneng.kernels.op.HeadLinear;
import dev.wuneng.kernels.op.Linear;
import dev.wuneng.kernels.op.LowRank;
import dev.wuneng.kernels.run.Buffer.Type;
import dev.wuneng.kernels.run.View;
import java.util.ArrayList;
import java.util.List;

/** Cases of the linear layers. */
final class LinearCases {
    private LinearCases() {
    }

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        for (boolean lowRank : new boolean[] {false, true}) {
            cases.add(linear(lowRank, 1, 8, 5, Type.F32));
            cases.add(linear(lowRank, 8, 70, 5, Type.F32));
            cases.add(linear(lowRank, 15, 33, 16, Type.F32));
            cases.add(linear(lowRank, 17, 16, 70, Type.F32));
            cases.add(linear(lowRank, 65, 7, 33, Type.F32));
            cases.add(linear(lowRank, 6, 300, 34, Type.F32));
            cases.add(linear(lowRank, 65, 70, 97, Type.F32));
            cases.add(linear(lowRank, 19, 48, 32, Type.F32));
            cases.add(linear(lowRank, 300, 3, 5, Type.F32));
            cases.add(linear(lowRank, 3, 2, 600, Type.F32));
            cases.add(linear(lowRank, 1, 235, 6, Type.F32));
            for (Type half : List.of(Type.BF16, Type.F16)) {
                cases.add(linear(lowRank, 1, 235, 6, half));
                cases.add(linear(lowRank, 6, 107, 7, half));
                cases.add(linear(lowRank, 1, 33, 70, half));
                cases.add(linear(lowRank, 17, 35, 16, half));
                cases.add(linear(lowRank, 65, 70, 97, half));
                cases.add(linear(lowRank, 9, 48, 32, half));
            }
            cases.add(linear(lowRank, 131, 16, 32, Type.F32));
            cases.add(linear(lowRank, 129, 32, 32, Type.BF16));
            cases.add(backwardInputWrites(lowRank, 17, 19, 35));
            cases.add(large(lowRank, 641, 18, 630, Type.F32));
            cases.add(large(lowRank, 1157, 18, 1189, lowRank ? Type.F32 : Type.BF16));
        }
        cases.add(largeWeight(18, 641, 630));
        cases.add(largeWeight(18, 1157, 1189));
        cases.add(headLinear(1, 1, 8, 8, Type.F32));
        cases.add(headLinear(15, 4, 16, 8, Type.F32));
        cases.add(headLinear(17, 3, 5, 9, Type.F32));
        cases.add(headLinear(7, 2, 64, 64, Type.F32));
        cases.add(headLinear(19, 3, 48, 32, Type.F32));
        cases.add(headLinear(9, 3, 17, 33, Type.BF16));
        cases.add(headLinear(131, 2, 32, 32, Type.F32));
        cases.add(headLinear(129, 1, 32, 32, Type.F16));
        return cases;
    }

    /** @param stored the precision of w */
    static OpCase linear(boolean lowRank, int rows, int in, int out, Type stored) {
        OpCase c = new OpCase(lowRank ? "low_rank" : "linear", "rows=" + rows + " in=" + in + " out=" + out + (stored == Type.F32 ? "" : " " + stored));
        Tensor x = c.input("x", rows * in).accumulates();
        Tensor w = c.input("w", in * out).stored(stored).accumulates();
        Tensor b = c.input("b", out).accumulates();
        Tensor y = c.output("y", rows * out);
        Tensor z = c.output("z", rows * out);
        reference(c, lowRank, x, w, b, y, z, rows, in, out);
        int blocks = ColumnSum.blocks(rows);
        View partial = c.scratch("partial", blocks * out);
        if (lowRank) {
            c.forward(LowRank.forward(x.view(), w.view(), y.view(), rows, in, out),
                    LowRank.forwardBias(x.view(), w.view(), b.view(), z.view(), rows, in, out));
            c.backward(LowRank.backwardInput(y.grad(), w.view(), x.grad(), rows, in, out, true),
                    LowRank.backwardInput(z.grad(), w.view(), x.grad(), rows, in, out, true),
                    LowRank.backwardWeight(x.view(), y.grad(), w.grad(), rows, in, out),
                    LowRank.backwardWeight(x.view(), z.grad(), w.grad(), rows, in, out));
        } else {
            c.forward(Linear.forward(x.view(), w.view(), y.view(), rows, in, out),
                    Linear.forwardBias(x.view(), w.view(), b.view(), z.view(), rows, in, out));
            c.backward(Linear.backwardInput(y.grad(), w.view(), x.grad(), rows, in, out, true),
                    Linear.backwardInput(z.grad(), w.view(), x.grad(), rows, in, out, true),
                    Linear.backwardWeight(y.grad(), x.view(), w.grad(), rows, in, out),
                    Linear.backwardWeight(z.grad(), x.view(), w.grad(), rows, in, out));
        }
        return c.backward(ColumnSum.partial(z.grad(), partial, rows, out), ColumnSum.accumulate(partial, b.grad(), blocks, out));
    }

    /** y = x Wᵀ and z = y + b. */
    private static void reference(OpCase c, boolean lowRank, Tensor x, Tensor w, Tensor b, Tensor y, Tensor z, int rows, int in, int out) {
        c.reference(v -> {
            double[] xs = v.in(x);
            double[] ws = v.in(w);
            for (int r = 0; r < rows; r++) {
                for (int o = 0; o < out; o++) {
                    double sum = 0;
                    for (int i = 0; i < in; i++) {
                        sum += xs[r * in + i] * ws[lowRank ? i * out + o : o * in + i];
                    }
                    v.out(y)[r * out + o] = sum;
                    v.out(z)[r * out + o] = sum + v.in(b)[o];
                }
            }
        });
    }

    /** The gradient of the input alone, into a buffer that holds no numbers yet. */
    private static OpCase backwardInputWrites(boolean lowRank, int rows, int in, int out) {
        OpCase c = new OpCase(lowRank ? "low_rank.backward_input" : "linear.backward_input", "writes rows=" + rows + " in=" + in + " out=" + out);
        Tensor dy = c.input("dy", rows * out);
        Tensor w = c.input("w", in * out);
        Tensor dx = c.output("dx", rows * in);
        c.reference(v -> {
            for (int r = 0; r < rows; r++) {
                for (int i = 0; i < in; i++) {
                    for (int o = 0; o < out; o++) {
                        v.out(dx)[r * in + i] += v.in(dy)[r * out + o] * v.in(w)[lowRank ? i * out + o : o * in + i];
                    }
                }
            }
        });
        return c.forward(lowRank ? LowRank.backwardInput(dy.view(), w.view(), dx.view(), rows, in, out, false)
                : Linear.backwardInput(dy.view(), w.view(), dx.view(), rows, in, out, false));
    }

    /** So large that accelerators take one of their tiles in local memory, and therefore without gradients. */
    private static OpCase large(boolean lowRank, int rows, int in, int out, Type stored) {
        OpCase c = new OpCase(lowRank ? "low_rank.forward" : "linear.forward", "large rows=" + rows + " in=" + in + " out=" + out + " " + stored);
        Tensor x = c.input("x", rows * in);
        Tensor w = c.input("w", in * out).stored(stored);
        Tensor b = c.input("b", out);
        Tensor y = c.output("y", rows * out);
        Tensor z = c.output("z", rows * out);
        reference(c, lowRank, x, w, b, y, z, rows, in, out);
        return lowRank ? c.forward(LowRank.forward(x.view(), w.view(), y.view(), rows, in, out),
                LowRank.forwardBias(x.view(), w.view(), b.view(), z.view(), rows, in, out))
                : c.forward(Linear.forward(x.view(), w.view(), y.view(), rows, in, out),
                Linear.forwardBias(x.view(), w.view(), b.view(), z.view(), rows, in, out));
    }

    private static OpCase largeWeight(int rows, int in, int out) {
        OpCase c = new OpCase("linear.backward_weight", "large rows=" + rows + " in=" + in + " out=" + out);
        Tensor dy = c.input("dy", rows * out);
        Tensor x = c.input("x", rows * in);
        Tensor dw = c.output("dw", out * in);
        c.reference(v -> {
            for (int o = 0; o < out; o++) {
                for (int i = 0; i < in; i++) {
                    for (int r = 0; r < rows; r++) {
                        v.out(dw)[o * in + i] += v.in(dy)[r * out + o] * v.in(x)[r * in + i];
                    }
                }
            }
        });
        return c.forward(Fill.with(0, dw.view(), out * in), Linear.backwardWeight(dy.view(), x.view(), dw.view(), rows, in, out));
    }

    /** W [x; z]: two windows of one weight, the second added. */
    private static OpCase headLinear(int rows, int heads, int out, int in, Type stored) {
        OpCase c = new OpCase("head_linear", "rows=" + rows + " heads=" + heads + " out=" + out + " in=2*" + in + (stored == Type.F32 ? "" : " " + stored));
        Tensor x = c.input("x", rows * heads * in);
        Tensor z = c.input("z", rows * heads * in).accumulates();
        int ldw = 2 * in;
        Tensor w = c.input("w", heads * out * ldw).stored(stored).accumulates();
        Tensor y = c.output("y", rows * heads * out);
        c.reference(v -> {
            for (int r = 0; r < rows; r++) {
                for (int h = 0; h < heads; h++) {
                    for (int o = 0; o < out; o++) {
                        for (int i = 0; i < in; i++) {
                            int wAt = (h * out + o) * ldw + i;
                            int xAt = (r * heads + h) * in + i;
                            v.out(y)[(r * heads + h) * out + o] += v.in(w)[wAt] * v.in(x)[xAt] + v.in(w)[wAt + in] * v.in(z)[xAt];
                        }
                    }
                }
            }
        });
        c.forward(HeadLinear.forward(x.view(), w.view(), y.view(), rows, heads, out, in, ldw, 0, false),
                HeadLinear.forward(z.view(), w.view(), y.view(), rows, heads, out, in, ldw, in, true));
        return c.backward(HeadLinear.backwardInput(y.grad(), w.view(), x.grad(), rows, heads, out, in, ldw, 0, false),
                HeadLinear.backwardInput(y.grad(), w.view(), z.grad(), rows, heads, out, in, ldw, in, true),
                HeadLinear.backwardWeight(y.grad(), x.view(), w.grad(), rows, heads, out, in, ldw, 0),
                HeadLinear.backwardWeight(y.grad(), z.view(), w.grad(), rows, heads, out, in, ldw, in));
    }
}
