package dev.wuneng.model.decoder;

import dev.wuneng.kernels.op.LowRank;
import dev.wuneng.kernels.op.Tanh;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.kernels.run.View;
import dev.wuneng.model.parameter.Parameters;

/** The chain {@code y = f(x W1) W2 + b} through a narrow hidden layer, f = tanh or nothing: decay and learning rate of the state stream. */
final class LowRankLayer {
    private final Parameters parameters;
    private final ColumnSums sums;
    private final String name;
    private final boolean bends;
    private final int rows;
    private final int in;
    private final int rank;
    private final int out;
    private final View straight;
    private final View hidden;
    private final View dHidden;
    private final View dStraight;

    /** @param name the checkpoint name without the closing 0 (b), 1 (W1) or 2 (W2); {@code bends} whether f is tanh */
    LowRankLayer(Parameters parameters, Activations memory, ColumnSums sums, String name, boolean bends, int rows, int in, int out) {
        this.parameters = parameters;
        this.sums = sums;
        this.name = name;
        this.bends = bends;
        this.rows = rows;
        this.in = in;
        this.out = out;
        rank = parameters.config().stateLoraRank();
        int size = rows * rank;
        hidden = memory.kept("lora." + name.charAt(name.length() - 1), size);
        straight = bends ? memory.scratch("lora.straight", size) : hidden;
        boolean trains = memory.keep() != Activations.Keep.NOTHING;
        dHidden = trains ? memory.scratch("d lora", size) : null;
        dStraight = trains ? memory.scratch("d lora.straight", size) : null;
    }

    void forward(Program.Builder program, View x, View y) {
        program.add(LowRank.forward(x, parameters.view(name + 1), straight, rows, in, rank));
        if (bends) {
            program.add(Tanh.forward(straight, hidden, rows * rank));
        }
        program.add(LowRank.forwardBias(hidden, parameters.view(name + 2), parameters.view(name + 0), y, rows, rank, out));
    }

    /** Writes dx; null where nobody needs it. */
    void backward(Program.Builder program, View x, View dy, View dx) {
        sums.addColumns(program, dy, name + 0, out);
        if (parameters.trains(name + 2)) {
            program.add(LowRank.backwardWeight(hidden, dy, parameters.gradient(name + 2), rows, rank, out));
        }
        program.add(LowRank.backwardInput(dy, parameters.view(name + 2), dHidden, rows, rank, out, false));
        if (bends) {
            program.add(Tanh.backward(hidden, dHidden, dStraight, rows * rank));
        }
        View inner = bends ? dStraight : dHidden;
        if (parameters.trains(name + 1)) {
            program.add(LowRank.backwardWeight(x, inner, parameters.gradient(name + 1), rows, in, rank));
        }
        if (dx != null) {
            program.add(LowRank.backwardInput(inner, parameters.view(name + 1), dx, rows, in, rank, false));
        }
    }
}
