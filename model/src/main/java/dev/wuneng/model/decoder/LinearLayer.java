package dev.wuneng.model.decoder;

import dev.wuneng.kernels.op.Linear;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.kernels.run.View;
import dev.wuneng.model.parameter.Parameters;

/**
 * A linear layer of the frame, {@code y = x Wᵀ + b}, and what its backward pass owes to its parameters.
 *
 * @param weight the checkpoint name of W
 * @param bias the checkpoint name of b, or null
 */
record LinearLayer(Parameters parameters, ColumnSums sums, String weight, String bias, int rows, int in, int out) {

    void forward(Program.Builder program, View x, View y) {
        program.add(bias == null
                ? Linear.forward(x, parameters.view(weight), y, rows, in, out)
                : Linear.forwardBias(x, parameters.view(weight), parameters.view(bias), y, rows, in, out));
    }

    /** Writes dx, or adds to it; null where nobody needs it. */
    void backward(Program.Builder program, View x, View dy, View dx, boolean accumulate) {
        if (dx != null) {
            program.add(Linear.backwardInput(dy, parameters.view(weight), dx, rows, in, out, accumulate));
        }
        if (parameters.trains(weight)) {
            program.add(Linear.backwardWeight(dy, x, parameters.gradient(weight), rows, in, out));
        }
        if (bias != null) {
            sums.addColumns(program, dy, bias, out);
        }
    }
}
