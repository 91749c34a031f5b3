package dev.wuneng.model.decoder;

import dev.wuneng.kernels.op.ScaledAdd;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.kernels.run.View;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.ModelConfig.CombineMode;
import dev.wuneng.model.parameter.Parameters;

/** What the heads give together, O, from A, M and the state-driven head R̂ (spec, "Combine"), by the model's choice. */
final class CombineBlock {
    private static final String SCALE = "model.layers.*.self_attn.state.out_scale";

    private final Parameters parameters;
    private final ColumnSums sums;
    private final int rows;
    private final int width;
    private final boolean concat;
    private final HeadLinearLayer projection;
    private final View rhat;
    private final View scaled;
    private final View o;
    private final View dO;
    private final View dm;
    private final View dScaled;
    private final View dRhat;

    CombineBlock(Parameters parameters, Activations memory, ColumnSums sums, int rows, View rhat, View dO) {
        ModelConfig config = parameters.config();
        this.parameters = parameters;
        this.sums = sums;
        this.rows = rows;
        this.rhat = rhat;
        this.dO = dO;
        width = config.attentionWidth();
        int size = rows * width;
        concat = config.combine() == CombineMode.CONCAT;
        projection = new HeadLinearLayer(parameters, "model.layers.*.self_attn.combine.weight", rows, 3);
        scaled = concat ? memory.kept("Rhat.scaled", size) : null;
        o = memory.kept("O", size);
        dm = dO == null || !concat ? dO : memory.scratch("d M", size);
        dScaled = dO == null || !concat ? dO : memory.scratch("d Rhat.scaled", size);
        dRhat = dO == null ? null : memory.scratch("d Rhat", size);
    }

    /** O, [R, C]. */
    View combined() {
        return o;
    }

    /** The gradient of M, which {@link #backward} writes; where M is only added, that of O itself. */
    View middleGradient() {
        return dm;
    }

    /** The gradient of R̂, which {@link #backward} writes. */
    View stateGradient() {
        return dRhat;
    }

    void forward(Program.Builder program, View a, View m) {
        if (concat) {
            program.add(ScaledAdd.scaled(parameters.view(SCALE), rhat, scaled, rows, width, 1));
            projection.forward(program, o, a, m, scaled);
        } else {
            program.add(ScaledAdd.forward(m, parameters.view(SCALE), rhat, o, rows, width, 1));
        }
    }

    void backward(Program.Builder program, View m) {
        if (concat) {
            projection.backward(program, 1, m, dO, dm, false);
            projection.backward(program, 2, scaled, dO, dScaled, false);
        }
        program.add(ScaledAdd.scaled(parameters.view(SCALE), dScaled, dRhat, rows, width, 1));
        if (sums.trains(SCALE)) {
            View partial = sums.partial(1, width);
            program.add(ScaledAdd.backwardScale(rhat, dScaled, partial, rows, width, 1));
            sums.add(program, partial, SCALE, width);
        }
    }

    /** Adds to the gradient of A what O owes to it directly. */
    void backwardAttention(Program.Builder program, View a, View da) {
        if (concat) {
            projection.backward(program, 0, a, dO, da, true);
        }
    }
}
