package dev.wuneng.kernels.check;

import dev.wuneng.kernels.check.OpCase.Tensor;
import dev.wuneng.kernels.op.ColumnSum;
import dev.wuneng.kernels.op.RmsNorm;
import dev.wuneng.kernels.run.View;
import java.util.ArrayList;
import java.util.List;

/** Cases of the norms. */
final class NormCases {
    private NormCases() {
    }

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        for (int rows : new int[] {1, 15, 17, 65}) {
            for (int width : new int[] {8, 33, 64}) {
                cases.add(rmsNorm(rows, width, 1, rows != 15));
            }
        }
        cases.add(rmsNorm(63 * 3, 16, 3, true));
        cases.add(rmsNorm(70 * 7, 33, 7, false));
        cases.add(rmsNorm(65 * 3, 32, 3, true));
        cases.add(rmsNorm(5, 1100, 1, false));
        cases.add(columnSum(1, 5));
        cases.add(columnSum(65, 33));
        cases.add(columnSum(200, 300));
        return cases;
    }

    static OpCase rmsNorm(int rows, int width, int groups, boolean adds) {
        OpCase c = new OpCase("rms_norm", "rows=" + rows + " width=" + width + " groups=" + groups + (adds ? " adds" : ""));
        Tensor x = c.input("x", rows * width);
        if (adds) {
            x.accumulates();
        }
        Tensor weight = c.input("weight", groups * width).accumulates();
        Tensor y = c.output("y", rows * width);
        Tensor rstd = c.output("rstd", rows).constant();
        float eps = 1e-6f;
        c.reference(v -> {
            for (int r = 0; r < rows; r++) {
                double squares = 0;
                for (int j = 0; j < width; j++) {
                    squares += v.in(x)[r * width + j] * v.in(x)[r * width + j];
                }
                v.out(rstd)[r] = 1 / Math.sqrt(squares / width + eps);
                for (int j = 0; j < width; j++) {
                    v.out(y)[r * width + j] = v.in(x)[r * width + j] * v.out(rstd)[r] * v.in(weight)[r % groups * width + j];
                }
            }
        });
        int blocks = ColumnSum.blocks(rows / groups);
        View partial = c.scratch("partial", blocks * groups * width);
        c.forward(RmsNorm.forward(x.view(), weight.view(), y.view(), rstd.view(), rows, width, groups, eps));
        c.backward(RmsNorm.backwardInput(x.view(), weight.view(), rstd.view(), y.grad(), x.grad(), rows, width, groups, adds),
                RmsNorm.backwardWeight(x.view(), rstd.view(), y.grad(), partial, rows, width, groups),
                ColumnSum.accumulate(partial, weight.grad(), blocks, groups * width));
        return c;
    }

    static OpCase columnSum(int rows, int columns) {
        OpCase c = new OpCase("column_sum", "rows=" + rows + " columns=" + columns);
        Tensor matrix = c.input("matrix", rows * columns);
        Tensor total = c.updated("total", columns);
        c.reference(v -> {
            for (int i = 0; i < rows * columns; i++) {
                v.out(total)[i % columns] += v.in(matrix)[i] + (i < columns ? v.in(total)[i] : 0);
            }
        });
        int blocks = ColumnSum.blocks(rows);
        View partial = c.scratch("partial", blocks * columns);
        return c.forward(ColumnSum.partial(matrix.view(), partial, rows, columns), ColumnSum.accumulate(partial, total.view(), blocks, columns));
    }
}
