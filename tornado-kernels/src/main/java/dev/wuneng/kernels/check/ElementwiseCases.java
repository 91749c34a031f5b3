package dev.wuneng.kernels.check;

import dev.wuneng.kernels.check.OpCase.Tensor;
import dev.wuneng.kernels.op.Add;
import dev.wuneng.kernels.op.Embedding;
import dev.wuneng.kernels.op.Fill;
import dev.wuneng.kernels.op.Scale;
import dev.wuneng.kernels.op.SwiGlu;
import dev.wuneng.kernels.run.Buffer.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Cases of the embedding and of what computes each element alone. */
final class ElementwiseCases {
    private ElementwiseCases() {
    }

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        for (int count : new int[] {1, 17, 1000, 4096 + 48}) {
            cases.add(swiGlu(count));
            cases.add(sum(count));
            cases.add(accumulate(count));
            cases.add(fill(count));
            cases.add(scale(count));
        }
        cases.add(swiGluFarOut());
        cases.add(embedding("one row", 8, new int[] {3}, 5, Type.F32, 1));
        cases.add(embedding("all rows one token", 7, new int[17], 3, Type.F32, 1));
        cases.add(embedding("no token twice", 33, IntStream.range(0, 15).map(i -> 14 - i).toArray(), 15, Type.F32, 1));
        cases.add(embedding("runs", 16, new Random(1).ints(63, 0, 20).toArray(), 24, Type.F32, 1));
        cases.add(embedding("BF16", 17, new int[] {4, 0, 2}, 5, Type.BF16, 1));
        cases.add(embedding("F16", 17, new int[] {4, 0, 2}, 5, Type.F16, 1));
        cases.add(embedding("F16 subnormal", 17, new int[] {4, 0, 2}, 5, Type.F16, 1e-5));
        return cases;
    }

    private static OpCase embedding(String ofRows, int width, int[] ids, int vocabulary, Type stored, double scale) {
        int rows = ids.length;
        OpCase c = new OpCase("embedding", "rows=" + rows + " width=" + width + " " + ofRows);
        IntArray order = new IntArray(rows);
        IntArray runs = new IntArray(rows);
        Embedding.order(IntArray.fromArray(ids), order, runs);
        Tensor token = c.ints("ids", ids);
        Tensor sorted = c.ints("order", order.toHeapArray());
        Tensor lengths = c.ints("runs", runs.toHeapArray());
        Tensor table = c.input("table", vocabulary * width).stored(stored).filled(value -> scale * value).accumulates();
        Tensor x = c.output("x", rows * width);
        c.reference(v -> {
            for (int r = 0; r < rows; r++) {
                System.arraycopy(v.in(table), ids[r] * width, v.out(x), r * width, width);
            }
        });
        c.forward(Embedding.forward(token.view(), table.view(), x.view(), rows, width));
        c.backward(Embedding.backward(token.view(), sorted.view(), lengths.view(), x.grad(), table.grad(), rows, width));
        return c;
    }

    static OpCase swiGlu(int count) {
        return swiGlu(new OpCase("swi_glu", "count=" + count), count, 1);
    }

    /** Where exp overflows on one side and vanishes on the other. */
    private static OpCase swiGluFarOut() {
        return swiGlu(new OpCase("swi_glu", "gates to ±150"), 160, 60);
    }

    private static OpCase swiGlu(OpCase c, int count, double spread) {
        Tensor g = c.input("g", count).filled(x -> spread * Math.clamp(x, -2.5, 2.5));
        Tensor u = c.input("u", count);
        Tensor h = c.output("h", count);
        c.reference(v -> Arrays.setAll(v.out(h), i -> v.in(g)[i] / (1 + Math.exp(-v.in(g)[i])) * v.in(u)[i]));
        c.forward(SwiGlu.forward(g.view(), u.view(), h.view(), count));
        c.backward(SwiGlu.backward(g.view(), u.view(), h.grad(), g.grad(), u.grad(), count));
        return c;
    }

    private static OpCase sum(int count) {
        OpCase c = new OpCase("add.sum", "count=" + count);
        Tensor a = c.input("a", count);
        Tensor b = c.input("b", count);
        Tensor y = c.output("y", count);
        c.reference(v -> Arrays.setAll(v.out(y), i -> v.in(a)[i] + v.in(b)[i]));
        return c.forward(Add.sum(a.view(), b.view(), y.view(), count));
    }

    private static OpCase accumulate(int count) {
        OpCase c = new OpCase("add.accumulate", "count=" + count);
        Tensor a = c.input("a", count);
        Tensor y = c.updated("y", count);
        c.reference(v -> Arrays.setAll(v.out(y), i -> v.in(y)[i] + v.in(a)[i]));
        return c.forward(Add.accumulate(a.view(), y.view(), count));
    }

    private static OpCase fill(int count) {
        OpCase c = new OpCase("fill", "count=" + count);
        Tensor y = c.output("y", count);
        c.reference(v -> Arrays.fill(v.out(y), 0.25));
        return c.forward(Fill.with(0.25f, y.view(), count));
    }

    private static OpCase scale(int count) {
        OpCase c = new OpCase("scale", "count=" + count);
        Tensor factor = c.input("factor", 1);
        Tensor y = c.updated("y", count);
        c.reference(v -> Arrays.setAll(v.out(y), i -> v.in(y)[i] * v.in(factor)[0]));
        return c.forward(Scale.by(factor.view(), y.view(), count));
    }
}
