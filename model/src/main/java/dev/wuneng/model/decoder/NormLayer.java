package dev.wuneng.model.decoder;

import dev.wuneng.kernels.op.RmsNorm;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.kernels.run.View;
import dev.wuneng.model.parameter.Parameters;

/**
 * An RMSNorm with its weight.
 *
 * @param rstd where the reciprocal deviation of each row is kept, [rows · groups]
 * @param rows tokens; the norm sees {@code groups} vectors of each
 * @param groups 1, or the heads of a per-head norm, each with a weight of its own
 */
record NormLayer(Parameters parameters, ColumnSums sums, String weight, View rstd, int rows, int width, int groups) {

    void forward(Program.Builder program, View x, View y) {
        program.add(RmsNorm.forward(x, parameters.view(weight), y, rstd, rows * groups, width, groups, parameters.config().rmsNormEps()));
    }

    /** Writes dx, or adds to it. */
    void backward(Program.Builder program, View x, View dy, View dx, boolean accumulate) {
        program.add(RmsNorm.backwardInput(x, parameters.view(weight), rstd, dy, dx, rows * groups, width, groups, accumulate));
        if (parameters.trains(weight)) {
            View partial = sums.partial(1, groups * width);
            program.add(RmsNorm.backwardWeight(x, rstd, dy, partial, rows * groups, width, groups));
            sums.add(program, partial, weight, groups * width);
        }
    }
}
