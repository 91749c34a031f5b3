package dev.wuneng.model.decoder;

import dev.wuneng.kernels.op.SwiGlu;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.kernels.run.View;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.parameter.Parameters;

/** Qwen2's feed-forward block: {@code y = (silu(x W_gateᵀ) ⊙ x W_upᵀ) W_downᵀ}. */
final class Mlp {
    private final LinearLayer gate;
    private final LinearLayer up;
    private final LinearLayer down;
    private final int size;
    private final View g;
    private final View u;
    private final View h;
    private final View dh;
    private final View dg;
    private final View du;

    Mlp(Parameters parameters, Activations memory, int rows) {
        ModelConfig config = parameters.config();
        int d = config.hiddenSize();
        int inner = config.intermediateSize();
        String at = "model.layers.*.mlp.";
        ColumnSums sums = new ColumnSums(parameters, memory, rows);
        gate = new LinearLayer(parameters, sums, at + "gate_proj.weight", null, rows, d, inner);
        up = new LinearLayer(parameters, sums, at + "up_proj.weight", null, rows, d, inner);
        down = new LinearLayer(parameters, sums, at + "down_proj.weight", null, rows, inner, d);
        size = rows * inner;
        g = memory.kept("mlp.g", size);
        u = memory.kept("mlp.u", size);
        h = memory.kept("mlp.h", size);
        boolean backward = memory.keep() != Activations.Keep.NOTHING;
        dh = backward ? memory.scratch("d mlp.h", size) : null;
        dg = backward ? memory.scratch("d mlp.g", size) : null;
        du = backward ? memory.scratch("d mlp.u", size) : null;
    }

    void forward(Program.Builder program, View x, View y) {
        gate.forward(program, x, g);
        up.forward(program, x, u);
        program.add(SwiGlu.forward(g, u, h, size));
        down.forward(program, h, y);
    }

    /** Writes dx. */
    void backward(Program.Builder program, View x, View dy, View dx) {
        down.backward(program, h, dy, dh, false);
        program.add(SwiGlu.backward(g, u, dh, dg, du, size));
        gate.backward(program, x, dg, dx, false);
        up.backward(program, x, du, dx, true);
    }
}
