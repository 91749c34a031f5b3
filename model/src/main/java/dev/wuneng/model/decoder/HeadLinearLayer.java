package dev.wuneng.model.decoder;

import dev.wuneng.kernels.op.HeadLinear;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.kernels.run.View;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.parameter.Parameters;

/**
 * A linear map of each head's own vectors, {@code y_h = W_h [x⁰_h; x¹_h; …]}, with W [H, N, parts · N]: every part is a launch over its columns.
 *
 * @param weight the checkpoint name of W
 */
record HeadLinearLayer(Parameters parameters, String weight, int rows, int parts) {

    /** Writes y from all parts. */
    void forward(Program.Builder program, View y, View... x) {
        ModelConfig c = parameters.config();
        int n = c.headDim();
        for (int part = 0; part < parts; part++) {
            program.add(HeadLinear.forward(x[part], parameters.view(weight), y, rows, c.numAttentionHeads(), n, n, parts * n, part * n, part > 0));
        }
    }

    /** Writes the gradient of one part, or adds to it, and adds to the weight's. */
    void backward(Program.Builder program, int part, View x, View dy, View dx, boolean accumulate) {
        ModelConfig c = parameters.config();
        int n = c.headDim();
        program.add(HeadLinear.backwardInput(dy, parameters.view(weight), dx, rows, c.numAttentionHeads(), n, n, parts * n, part * n, accumulate));
        if (parameters.trains(weight)) {
            program.add(HeadLinear.backwardWeight(dy, x, parameters.gradient(weight), rows, c.numAttentionHeads(), n, n, parts * n, part * n));
        }
    }
}
