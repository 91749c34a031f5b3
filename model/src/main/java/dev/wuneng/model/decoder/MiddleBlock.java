package dev.wuneng.model.decoder;

import dev.wuneng.kernels.op.Fill;
import dev.wuneng.kernels.op.MiddleHead;
import dev.wuneng.kernels.op.ScaledAdd;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.kernels.run.View;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.ModelConfig.MiddleHeads;
import dev.wuneng.model.parameter.Parameters;

/** The middle heads M, where attention A and the state-derived key K̂ meet (spec, "Middle heads"), by the model's choice. */
final class MiddleBlock {
    private static final String AT = "model.layers.*.self_attn.middle.";

    private final MiddleHeads choice;
    private final Parameters parameters;
    private final ColumnSums sums;
    private final int rows;
    private final int width;
    private final HeadLinearLayer gate;
    private final HeadLinearLayer projection;
    private final View a;
    private final View khat;
    private final View pre;
    private final View g;
    private final View m;
    private final View dm;
    private final View da;
    private final View dPre;

    /**
     * @param dm the gradient of M, which the combine writes
     * @param da the gradient of A, where it differs from that of M
     */
    MiddleBlock(Parameters parameters, Activations memory, ColumnSums sums, int rows, View a, View khat, View dm, View da) {
        ModelConfig config = parameters.config();
        this.parameters = parameters;
        this.sums = sums;
        this.rows = rows;
        this.a = a;
        this.khat = khat;
        this.dm = dm;
        choice = config.middleHeads();
        width = config.attentionWidth();
        int size = rows * width;
        gate = new HeadLinearLayer(parameters, AT + "gate.weight", rows, 2);
        projection = new HeadLinearLayer(parameters, AT + "proj.weight", rows, 2);
        boolean gated = choice == MiddleHeads.GATED;
        pre = gated ? memory.scratch("gate.pre", size) : null;
        g = gated ? memory.kept("gate", size) : null;
        m = choice == MiddleHeads.NONE ? a : memory.kept("M", size);
        boolean same = choice == MiddleHeads.NONE || choice == MiddleHeads.ADDITIVE;
        this.da = same ? dm : da;
        dPre = gated && dm != null ? memory.scratch("d gate.pre", size) : null;
    }

    /** M, [R, C]. */
    View middle() {
        return m;
    }

    /** g, [R, C]; null but for gated heads. */
    View gate() {
        return g;
    }

    /** The gradient of A after {@link #backward}: that of M itself, where M is A plus something. */
    View attentionGradient() {
        return da;
    }

    void forward(Program.Builder program) {
        switch (choice) {
            case GATED -> {
                gate.forward(program, pre, a, khat);
                program.add(MiddleHead.gated(pre, parameters.view(AT + "gate.bias"), a, khat, g, m, rows, width));
            }
            case ADDITIVE -> program.add(ScaledAdd.forward(a, parameters.view(AT + "alpha"), khat, m, rows, width, 1));
            case WEIGHTED -> program.add(MiddleHead.weighted(parameters.view(AT + "beta"), a, khat, m, rows, width));
            case CONCAT -> projection.forward(program, m, a, khat);
            case NONE -> { }
        }
    }

    /**
     * Writes the gradients of A and K̂.
     *
     * @param dGate what a loss on the gate itself owes to g, [R, C]; null without one
     */
    void backward(Program.Builder program, View dKhat, View dGate) {
        switch (choice) {
            case GATED -> {
                program.add(MiddleHead.backwardGated(a, khat, g, dm, da, dKhat, dPre, rows, width));
                if (dGate != null) {
                    program.add(MiddleHead.backwardGate(g, dGate, dPre, rows, width, 1));
                }
                gate.backward(program, 0, a, dPre, da, true);
                gate.backward(program, 1, khat, dPre, dKhat, true);
                sums.addColumns(program, dPre, AT + "gate.bias", width);
            }
            case ADDITIVE -> {
                program.add(ScaledAdd.scaled(parameters.view(AT + "alpha"), dm, dKhat, rows, width, 1));
                if (sums.trains(AT + "alpha")) {
                    View partial = sums.partial(1, width);
                    program.add(ScaledAdd.backwardScale(khat, dm, partial, rows, width, 1));
                    sums.add(program, partial, AT + "alpha", width);
                }
            }
            case WEIGHTED -> {
                program.add(MiddleHead.backwardWeighted(parameters.view(AT + "beta"), dm, da, dKhat, rows, width));
                if (sums.trains(AT + "beta")) {
                    View partial = sums.partial(1, width);
                    program.add(MiddleHead.backwardBeta(parameters.view(AT + "beta"), a, khat, dm, partial, rows, width));
                    sums.add(program, partial, AT + "beta", width);
                }
            }
            case CONCAT -> {
                projection.backward(program, 0, a, dm, da, false);
                projection.backward(program, 1, khat, dm, dKhat, false);
            }
            case NONE -> program.add(Fill.with(0f, dKhat, rows * width));
        }
    }
}
