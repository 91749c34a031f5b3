package dev.wuneng.model.decoder;

import dev.wuneng.kernels.op.Add;
import dev.wuneng.kernels.op.ColumnSum;
import dev.wuneng.kernels.op.StateScan;
import dev.wuneng.kernels.op.StateScanBackward;
import dev.wuneng.kernels.op.StateStreams;
import dev.wuneng.kernels.op.Summary;
import dev.wuneng.kernels.op.TokenShift;
import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.kernels.run.RowBlocks;
import dev.wuneng.kernels.run.View;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.parameter.Parameters;
import java.util.List;

/**
 * The state stream beside attention (spec, "State stream"): from x̂ and the projections q, k, v to the summary s, the state-derived key K̂ and the
 * state-driven head R̂.
 */
final class StateStream {
    /** GroupNorm's eps in RWKV-7, 64 · 1e-5 for any head size. */
    private static final float SUMMARY_EPS = 64e-5f;
    private static final String AT = "model.layers.*.self_attn.state.";

    private final Parameters parameters;
    private final ColumnSums sums;
    private final Past past;
    private final View position;
    private final int batch;
    private final int length;
    private final int rows;
    private final int d;
    private final int heads;
    private final int kvHeads;
    private final int n;
    private final int width;
    private final LowRankLayer decay;
    private final LowRankLayer rate;
    private final HeadLinearLayer key;
    private final NormLayer outNorm;

    private final View k;
    private final View xDecay;
    private final View xRate;
    private final View lw;
    private final View la;
    private final View g;
    private final View a;
    private final View streams;
    /** The state before the first token; written only where there is a past. */
    private final View initial;
    private final View y;
    private final View e;
    private final View checkpoints;
    private final View s;
    private final View stats;
    private final View khat;
    private final View z;
    private final View rhat;

    private View dz;
    private View du;
    private View ds;
    private View dy;
    private View work;
    private View dStreams;
    private View dBonus;
    private View dlw;
    private View dla;
    private View dk;
    private View dp;
    private View dxShifted;

    StateStream(Parameters parameters, Activations memory, ColumnSums sums, Batch tokens) {
        ModelConfig c = parameters.config();
        this.parameters = parameters;
        this.sums = sums;
        position = tokens.position.view();
        rows = tokens.rows();
        length = tokens.length();
        batch = rows / length;
        d = c.hiddenSize();
        heads = c.numAttentionHeads();
        kvHeads = c.numKeyValueHeads();
        n = c.headDim();
        width = c.attentionWidth();
        int size = rows * width;
        int state = n * n;
        k = memory.kept("k.shifted", size);
        xDecay = memory.kept("x.decay", (long) rows * d);
        xRate = memory.kept("x.rate", (long) rows * d);
        lw = memory.scratch("lw or its gradient", size);
        la = memory.scratch("la or its gradient", size);
        g = memory.kept("g", size);
        a = memory.kept("a", size);
        streams = memory.kept("streams", (long) size * StateStreams.VECTORS);
        past = memory.past();
        initial = past == null ? memory.add(Buffer.floats("state.initial", (long) batch * heads * state)).view() : past.state();
        y = memory.kept("y", size);
        e = memory.kept("e", size);
        checkpoints = memory.kept("state.checkpoints", StateScan.checkpointsSize(batch, length, heads, n));
        s = memory.kept("s", size);
        stats = memory.kept("s.stats", 3L * rows * heads);
        khat = memory.kept("Khat", size);
        z = memory.kept("z", size);
        rhat = memory.kept("Rhat", size);
        decay = new LowRankLayer(parameters, memory, sums, AT + "w", true, rows, d, width);
        rate = new LowRankLayer(parameters, memory, sums, AT + "a", false, rows, d, width);
        key = new HeadLinearLayer(parameters, AT + "key.weight", rows, 1);
        outNorm = new NormLayer(parameters, sums, AT + "out_norm.weight", memory.kept("Rhat.rstd", (long) rows * heads), rows, n, heads);
        if (memory.keep() != Activations.Keep.NOTHING) {
            dz = memory.scratch("d z", size);
            du = memory.scratch("d u", size);
            ds = memory.scratch("d s", size);
            dy = memory.scratch("d y", size);
            work = memory.scratch("state.work", StateScanBackward.workSize(batch, length, heads, n));
            dStreams = memory.scratch("d streams", (long) size * StateStreams.VECTORS);
            dBonus = memory.scratch("d bonus", (long) rows * heads);
            dlw = lw;
            dla = la;
            dk = memory.scratch("d k.shifted", size);
            dp = memory.scratch("d k.scaled", size);
            dxShifted = memory.scratch("d x.shifted", (long) rows * d);
        }
    }

    /** s, [R, C]. */
    View summary() {
        return s;
    }

    /** K̂, [R, C]. */
    View khat() {
        return khat;
    }

    /** R̂, [R, C]. */
    View rhat() {
        return rhat;
    }

    /** Where whoever reads s writes its gradient before {@link #backward}. */
    View summaryGradient() {
        return ds;
    }

    void forward(Program.Builder program, View x, View q, View keys, View values) {
        program.add(TokenShift.forward(q, at("x_r"), position, streams.plus(StateStreams.R * n), rows, heads, heads, n, StateStreams.VECTORS * n));
        program.add(TokenShift.forward(keys, at("x_k"), position, k, rows, heads, kvHeads, n, n));
        program.add(TokenShift.forward(values, at("x_v"), position, streams.plus(StateStreams.V * n), rows, heads, kvHeads, n, StateStreams.VECTORS * n));
        program.add(TokenShift.forward(x, at("x_w"), position, xDecay, rows, 1, 1, d, d));
        program.add(TokenShift.forward(x, at("x_a"), position, xRate, rows, 1, 1, d, d));
        decay.forward(program, xDecay, lw);
        rate.forward(program, xRate, la);
        program.add(StateStreams.forward(k, lw, la, at("k_k"), at("k_a"), position, streams, g, a, rows, heads, n));
        program.add(StateScan.forward(streams, initial, y, e, checkpoints, batch, length, heads, n));
        program.add(Summary.forward(y, at("ln_x.weight"), at("ln_x.bias"), streams, at("r_k"), s, stats, rows, heads, n, SUMMARY_EPS));
        key.forward(program, khat, s);
        program.add(StateScan.readout(streams, e, checkpoints, khat, z, batch, length, heads, n));
        outNorm.forward(program, z, rhat);
        if (past != null) {
            carry(program, x, q, keys, values);
        }
    }

    /** Hands on to the tokens that come next. */
    private void carry(Program.Builder program, View x, View q, View keys, View values) {
        program.add(StateScan.last(checkpoints, initial, batch, length, heads, n));
        program.add(TokenShift.carry(x, rows, d));
        program.add(TokenShift.carry(q, rows, width));
        program.add(TokenShift.carry(keys, rows, kvHeads * n));
        program.add(TokenShift.carry(values, rows, kvHeads * n));
    }

    /**
     * Adds to dq, dKeys and dValues, and writes dx.
     *
     * @param dKhat what others owe to K̂; the readout's own share is added to it
     * @param readsSummary whether {@link #summaryGradient} holds what others owe to s
     * @param dx null where nobody needs it
     */
    void backward(Program.Builder program, View x, View q, View keys, View values, View dKhat, View dRhat, boolean readsSummary,
            View dq, View dKeys, View dValues, View dx) {
        outNorm.backward(program, z, dRhat, dz, false);
        program.add(StateScanBackward.readout(streams, e, checkpoints, dz, du, batch, length, heads, n));
        program.add(Add.accumulate(du, dKhat, rows * width));
        key.backward(program, 0, s, dKhat, ds, readsSummary);
        program.add(Summary.backwardReadout(y, at("ln_x.weight"), stats, ds, dy, rows, heads, n));
        program.addAll(StateScanBackward.gradients(streams, e, checkpoints, khat, dy, dz, work, dStreams, batch, length, heads, n));
        streamsBackward(program);

        decay.backward(program, xDecay, dlw, dxShifted);
        shiftBackward(program, x, "x_w", dxShifted, dx, 1, 1, d, d, false);
        rate.backward(program, xRate, dla, dxShifted);
        shiftBackward(program, x, "x_a", dxShifted, dx, 1, 1, d, d, true);
        shiftBackward(program, q, "x_r", dStreams.plus(StateStreams.R * n), dq, heads, heads, n, StateStreams.VECTORS * n, true);
        shiftBackward(program, keys, "x_k", dk, dKeys, heads, kvHeads, n, n, true);
        shiftBackward(program, values, "x_v", dStreams.plus(StateStreams.V * n), dValues, heads, kvHeads, n, StateStreams.VECTORS * n, true);
    }

    /** From the gradients of the streams to those of what they are made of: five launches over the same records, a block of them at a time. */
    private void streamsBackward(Program.Builder program) {
        int part = sums.blocks() * width;
        View three = sums.partial(3, width);
        View two = sums.partial(2, width);
        program.addAll(RowBlocks.inTurn(
                List.of(Summary.backwardBonus(streams, at("r_k"), stats, ds, dStreams, dBonus, rows, heads, n),
                        StateStreams.backwardGates(k, g, a, at("k_a"), position, streams, dStreams, dlw, dla, rows, heads, n),
                        StateStreams.backwardKey(k, a, at("k_k"), at("k_a"), position, dStreams, dk, dp, rows, heads, n)),
                List.of(Summary.backwardWeights(y, streams, stats, ds, dBonus, three, rows, heads, n),
                        StateStreams.backwardScales(k, a, dp, dStreams, two, rows, heads, n)), rows, ColumnSum.BLOCK));
        sums.add(program, three, AT + "ln_x.weight", width);
        sums.add(program, three.plus(part), AT + "ln_x.bias", width);
        sums.add(program, three.plus(2 * part), AT + "r_k", width);
        sums.add(program, two, AT + "k_k", width);
        sums.add(program, two.plus(part), AT + "k_a", width);
    }

    private void shiftBackward(Program.Builder program, View from, String mix, View dShifted, View dFrom, int heads, int kvHeads, int n, int stride,
            boolean adds) {
        if (dFrom != null) {
            program.add(TokenShift.backwardInput(at(mix), position, dShifted, dFrom, rows, heads, kvHeads, n, stride, adds));
        }
        if (sums.trains(AT + mix)) {
            View partial = sums.partial(1, heads * n);
            program.add(TokenShift.backwardMix(from, position, dShifted, partial, rows, heads, kvHeads, n, stride));
            sums.add(program, partial, AT + mix, heads * n);
        }
    }

    private View at(String name) {
        return parameters.view(AT + name);
    }
}
