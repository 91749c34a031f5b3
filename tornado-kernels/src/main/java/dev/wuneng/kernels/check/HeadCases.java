package dev.wuneng.kernels.check;

import dev.wuneng.kernels.check.OpCase.Tensor;
import dev.wuneng.kernels.op.ColumnSum;
import dev.wuneng.kernels.op.MiddleHead;
import dev.wuneng.kernels.op.ScaledAdd;
import dev.wuneng.kernels.run.View;
import java.util.ArrayList;
import java.util.List;

/** Cases of how the heads are put together: scaled additions and middle heads. */
final class HeadCases {
    private HeadCases() {
    }

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        cases.add(scaledAdd(1, 8, 8));
        cases.add(scaledAdd(65, 24, 8));
        cases.add(scaledAdd(70, 96, 48));
        cases.add(scaledAdd(17, 33, 1));
        cases.add(scaledAdd(70, 48, 1));
        cases.add(scaled(15, 33, 1));
        cases.add(scaled(17, 48, 1));
        cases.add(gated(1, 8));
        cases.add(gated(65, 33));
        cases.add(gated(17, 48));
        cases.add(sharedGate(17, 24, 8));
        cases.add(weighted(1, 8));
        cases.add(weighted(65, 33));
        cases.add(weighted(17, 48));
        return cases;
    }

    private static OpCase scaledAdd(int rows, int width, int share) {
        OpCase c = new OpCase("scaled_add", "rows=" + rows + " width=" + width + " share=" + share);
        // The gradient of x is that of out.
        Tensor x = c.input("x", rows * width).constant();
        Tensor scale = c.input("scale", width / share).accumulates();
        Tensor y = c.input("y", rows * width);
        Tensor out = c.output("out", rows * width);
        c.reference(v -> {
            for (int i = 0; i < rows * width; i++) {
                v.out(out)[i] = v.in(x)[i] + v.in(scale)[i % width / share] * v.in(y)[i];
            }
        });
        View partial = c.scratch("partial", ColumnSum.blocks(rows) * (width / share));
        c.forward(ScaledAdd.forward(x.view(), scale.view(), y.view(), out.view(), rows, width, share));
        return c.backward(ScaledAdd.scaled(scale.view(), out.grad(), y.grad(), rows, width, share),
                ScaledAdd.backwardScale(y.view(), out.grad(), partial, rows, width, share),
                ColumnSum.accumulate(partial, scale.grad(), ColumnSum.blocks(rows), width / share));
    }

    private static OpCase scaled(int rows, int width, int share) {
        OpCase c = new OpCase("scaled_add.scaled", "rows=" + rows + " width=" + width + " share=" + share);
        Tensor scale = c.input("scale", width / share).constant();
        Tensor y = c.input("y", rows * width);
        Tensor out = c.output("out", rows * width);
        c.reference(v -> {
            for (int i = 0; i < rows * width; i++) {
                v.out(out)[i] = v.in(scale)[i % width / share] * v.in(y)[i];
            }
        });
        return c.forward(ScaledAdd.scaled(scale.view(), y.view(), out.view(), rows, width, share))
                .backward(ScaledAdd.scaled(scale.view(), out.grad(), y.grad(), rows, width, share));
    }

    /** With a gradient on the gate as well as on what it makes. */
    private static OpCase gated(int rows, int width) {
        OpCase c = new OpCase("middle_head.gated", "rows=" + rows + " width=" + width);
        Tensor pre = c.input("pre", rows * width);
        Tensor bias = c.input("bias", width).accumulates();
        Tensor a = c.input("a", rows * width);
        Tensor k = c.input("k", rows * width);
        Tensor g = c.output("g", rows * width);
        Tensor m = c.output("m", rows * width);
        c.reference(v -> {
            for (int i = 0; i < rows * width; i++) {
                double gate = 1 / (1 + Math.exp(-v.in(pre)[i] - v.in(bias)[i % width]));
                v.out(g)[i] = gate;
                v.out(m)[i] = gate * v.in(a)[i] + (1 - gate) * v.in(k)[i];
            }
        });
        View partial = c.scratch("partial", ColumnSum.blocks(rows) * width);
        c.forward(MiddleHead.gated(pre.view(), bias.view(), a.view(), k.view(), g.view(), m.view(), rows, width));
        return c.backward(MiddleHead.backwardGated(a.view(), k.view(), g.view(), m.grad(), a.grad(), k.grad(), pre.grad(), rows, width),
                MiddleHead.backwardGate(g.view(), g.grad(), pre.grad(), rows, width, 1),
                ColumnSum.partial(pre.grad(), partial, rows, width),
                ColumnSum.accumulate(partial, bias.grad(), ColumnSum.blocks(rows), width));
    }

    /** One gradient for several neighbouring channels of the gate. */
    private static OpCase sharedGate(int rows, int width, int share) {
        OpCase c = new OpCase("middle_head.backward_gate", "rows=" + rows + " width=" + width + " share=" + share);
        Tensor g = c.input("g", rows * width);
        Tensor dg = c.input("dg", rows * (width / share));
        Tensor dpre = c.updated("dpre", rows * width);
        c.reference(v -> {
            for (int i = 0; i < rows * width; i++) {
                double gate = v.in(g)[i];
                v.out(dpre)[i] = v.in(dpre)[i] + v.in(dg)[i / share] * gate * (1 - gate);
            }
        });
        return c.forward(MiddleHead.backwardGate(g.view(), dg.view(), dpre.view(), rows, width, share));
    }

    private static OpCase weighted(int rows, int width) {
        OpCase c = new OpCase("middle_head.weighted", "rows=" + rows + " width=" + width);
        Tensor beta = c.input("beta", width).accumulates();
        Tensor a = c.input("a", rows * width);
        Tensor k = c.input("k", rows * width);
        Tensor m = c.output("m", rows * width);
        c.reference(v -> {
            for (int i = 0; i < rows * width; i++) {
                double share = 1 / (1 + Math.exp(-v.in(beta)[i % width]));
                v.out(m)[i] = share * v.in(a)[i] + (1 - share) * v.in(k)[i];
            }
        });
        View partial = c.scratch("partial", ColumnSum.blocks(rows) * width);
        c.forward(MiddleHead.weighted(beta.view(), a.view(), k.view(), m.view(), rows, width));
        return c.backward(MiddleHead.backwardWeighted(beta.view(), m.grad(), a.grad(), k.grad(), rows, width),
                MiddleHead.backwardBeta(beta.view(), a.view(), k.view(), m.grad(), partial, rows, width),
                ColumnSum.accumulate(partial, beta.grad(), ColumnSum.blocks(rows), width));
    }
}
