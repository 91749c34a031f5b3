package dev.wuneng.model.decoder;

import dev.wuneng.kernels.op.ColumnSum;
import dev.wuneng.kernels.op.RmsNorm;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.kernels.run.View;
import dev.wuneng.model.parameter.Parameters;

/** An RMSNorm with its weight. */
final class NormLayer {
    private final Parameters parameters;
    private final String weight;
    private final int rows;
    private final int width;
    private final int groups;
    private final float eps;
    private final View rstd;
    private final View partial;

    /** @param groups kinds of rows with a weight of their own: 1, or the heads of a per-head norm */
    NormLayer(Parameters parameters, Activations memory, String weight, String name, int rows, int width, int groups, boolean perLayer) {
        this.parameters = parameters;
        this.weight = weight;
        this.rows = rows;
        this.width = width;
        this.groups = groups;
        this.eps = parameters.config().rmsNormEps();
        this.rstd = perLayer ? memory.kept(name + ".rstd", rows) : memory.scratch(name + ".rstd", rows);
        int columns = groups * width;
        this.partial = parameters.trains(weight) ? memory.scratch("partial." + columns, (long) ColumnSum.blocks(rows / groups) * columns) : null;
    }

    void forward(Program.Builder program, View x, View y) {
        program.add(RmsNorm.forward(x, parameters.view(weight), y, rstd, rows, width, groups, eps));
    }

    /** Adds to dx. */
    void backward(Program.Builder program, View x, View dy, View dx) {
        if (dx != null) {
            program.add(RmsNorm.backwardInput(x, parameters.view(weight), rstd, dy, dx, rows, width, groups));
        }
        if (partial != null) {
            program.add(RmsNorm.backwardWeight(x, rstd, dy, partial, rows, width, groups));
            program.add(ColumnSum.accumulate(partial, parameters.gradient(weight), ColumnSum.blocks(rows / groups), groups * width));
        }
    }
}
