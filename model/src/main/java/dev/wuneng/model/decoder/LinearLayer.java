package dev.wuneng.model.decoder;

import dev.wuneng.kernels.op.ColumnSum;
import dev.wuneng.kernels.op.Linear;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.kernels.run.View;
import dev.wuneng.model.parameter.Parameters;

/** A linear layer of the frame, {@code y = x Wᵀ + b}, with what its backward pass owes to its parameters. */
final class LinearLayer {
    private final Parameters parameters;
    private final String weight;
    private final String bias;
    private final int rows;
    private final int in;
    private final int out;
    private final View partial;

    /**
     * @param weight the checkpoint name of W
     * @param bias the checkpoint name of b, or null
     */
    LinearLayer(Parameters parameters, Activations memory, String weight, String bias, int rows, int in, int out) {
        this.parameters = parameters;
        this.weight = weight;
        this.bias = bias;
        this.rows = rows;
        this.in = in;
        this.out = out;
        this.partial = bias != null && parameters.trains(bias) ? memory.scratch("partial." + out, (long) ColumnSum.blocks(rows) * out) : null;
    }

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
        if (partial != null) {
            program.add(ColumnSum.partial(dy, partial, rows, out));
            program.add(ColumnSum.accumulate(partial, parameters.gradient(bias), ColumnSum.blocks(rows), out));
        }
    }
}
