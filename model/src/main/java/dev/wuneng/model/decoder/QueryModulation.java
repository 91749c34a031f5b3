package dev.wuneng.model.decoder;

import dev.wuneng.kernels.op.ScaledAdd;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.kernels.run.View;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.parameter.Parameters;

/** Multi-token state processing, {@code q′_h = q_h + λ_h · W_h s_h} (paper, eq. 11). */
final class QueryModulation {
    private static final String SCALE = "model.layers.*.self_attn.state.query.scale";

    private final Parameters parameters;
    private final ColumnSums sums;
    private final HeadLinearLayer query;
    private final int rows;
    private final int width;
    private final int heads;
    private final int headSize;
    private final View m;
    private final View modulated;
    private final View dm;

    QueryModulation(Parameters parameters, Activations memory, ColumnSums sums, int rows) {
        ModelConfig config = parameters.config();
        this.parameters = parameters;
        this.sums = sums;
        this.rows = rows;
        width = config.attentionWidth();
        heads = config.numAttentionHeads();
        headSize = config.headDim();
        query = new HeadLinearLayer(parameters, "model.layers.*.self_attn.state.query.weight", rows, 1);
        m = memory.kept("q.from_state", (long) rows * width);
        modulated = memory.scratch("q.modulated", (long) rows * width);
        dm = memory.keep() == Activations.Keep.NOTHING ? null : memory.scratch("d q.from_state", (long) rows * width);
    }

    /** Returns q′. */
    View forward(Program.Builder program, View q, View s) {
        query.forward(program, m, s);
        program.add(ScaledAdd.forward(q, parameters.view(SCALE), m, modulated, rows, width, headSize));
        return modulated;
    }

    /** Writes ds from the gradient of q′, which is also that of q. */
    void backward(Program.Builder program, View s, View dq, View ds) {
        program.add(ScaledAdd.scaled(parameters.view(SCALE), dq, dm, rows, width, headSize));
        if (sums.trains(SCALE)) {
            View partial = sums.partial(1, heads);
            program.add(ScaledAdd.backwardScale(m, dq, partial, rows, width, headSize));
            sums.add(program, partial, SCALE, heads);
        }
        query.backward(program, 0, s, dm, ds, false);
    }
}
