package dev.wuneng.model.decoder;

import dev.wuneng.kernels.op.Add;
import dev.wuneng.kernels.op.Attention;
import dev.wuneng.kernels.op.CachedAttention;
import dev.wuneng.kernels.op.Rope;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.kernels.run.View;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.parameter.Parameters;

/**
 * The attention of one layer, from the normed input x̂ to what is added to the residual stream: Qwen2's own and, where the model has state
 * heads, the state stream beside it and the heads where the two meet (spec, "Hybrid attention, one layer").
 */
public final class AttentionBlock {
    private static final String AT = "model.layers.*.self_attn.";

    /** What losses on the inside of the block owe to K̂ and to the gate, each [R, C] or null. */
    public record InnerGradients(View khat, View gate) {
        public static final InnerGradients NONE = new InnerGradients(null, null);
    }

    private final Batch batch;
    private final int rows;
    private final int heads;
    private final int kvHeads;
    private final int headSize;
    private final LinearLayer queryProjection;
    private final LinearLayer keyProjection;
    private final LinearLayer valueProjection;
    private final LinearLayer outputProjection;
    private final boolean hybrid;
    private final StateStream state;
    private final QueryModulation modulation;
    private final MiddleBlock middle;
    private final CombineBlock combine;

    private final Past past;
    private final int window;
    private final View q;
    private final View k;
    private final View v;
    private final View rotatedQ;
    private final View rotatedK;
    private final View a;
    private final View lse;
    private final View o;

    private final View stats;
    private final View dO;
    private final View dKhat;
    private final View dRotatedQ;
    private final View dRotatedK;
    private final View dQ;
    private final View dK;
    private final View dV;

    public AttentionBlock(Parameters parameters, Activations memory, Batch batch) {
        ModelConfig config = parameters.config();
        this.batch = batch;
        rows = batch.rows();
        heads = config.numAttentionHeads();
        kvHeads = config.numKeyValueHeads();
        headSize = config.headDim();
        hybrid = config.stateHeads();
        int d = config.hiddenSize();
        int width = config.attentionWidth();
        int narrow = config.keyValueWidth();
        ColumnSums sums = new ColumnSums(parameters, memory, rows);
        queryProjection = new LinearLayer(parameters, sums, AT + "q_proj.weight", AT + "q_proj.bias", rows, d, width);
        keyProjection = new LinearLayer(parameters, sums, AT + "k_proj.weight", AT + "k_proj.bias", rows, d, narrow);
        valueProjection = new LinearLayer(parameters, sums, AT + "v_proj.weight", AT + "v_proj.bias", rows, d, narrow);
        outputProjection = new LinearLayer(parameters, sums, AT + "o_proj.weight", null, rows, width, d);

        long wide = (long) rows * width;
        long thin = (long) rows * narrow;
        past = memory.past();
        window = config.slidingWindow();
        q = memory.shifted("q", rows, width);
        k = memory.shifted("k", rows, narrow);
        v = memory.shifted("v", rows, narrow);
        rotatedQ = memory.kept("q.rotated", wide);
        rotatedK = memory.kept("k.rotated", thin);
        a = memory.kept("A", wide);
        lse = memory.kept("A.lse", (long) rows * heads);
        boolean trains = memory.keep() != Activations.Keep.NOTHING;
        stats = trains ? memory.scratch("attention.stats", 2L * rows * heads) : null;
        dO = trains ? memory.scratch("d O", wide) : null;
        dRotatedQ = trains ? memory.scratch("d q.rotated", wide) : null;
        dRotatedK = trains ? memory.scratch("d k.rotated", thin) : null;
        dQ = trains ? memory.scratch("d q", wide) : null;
        dK = trains ? memory.scratch("d k", thin) : null;
        dV = trains ? memory.scratch("d v", thin) : null;
        dKhat = trains && hybrid ? memory.scratch("d Khat", wide) : null;
        state = hybrid ? new StateStream(parameters, memory, sums, batch) : null;
        modulation = hybrid && config.queryModulation() ? new QueryModulation(parameters, memory, sums, rows) : null;
        combine = hybrid ? new CombineBlock(parameters, memory, sums, rows, state.rhat(), dO) : null;
        middle = hybrid ? new MiddleBlock(parameters, memory, sums, rows, a, state.khat(), combine.middleGradient(),
                trains ? memory.scratch("d A", wide) : null) : null;
        o = hybrid ? combine.combined() : a;
    }

    /** K̂, [R, C]; only with state heads. */
    public View khat() {
        return state.khat();
    }

    /** The gate g, [R, C]; null but for gated middle heads. */
    public View gate() {
        return hybrid ? middle.gate() : null;
    }

    /** From x̂ [R, d] to the block's output [R, d]. */
    public void forward(Program.Builder program, View x, View out) {
        queryProjection.forward(program, x, q);
        keyProjection.forward(program, x, k);
        valueProjection.forward(program, x, v);
        View query = q;
        if (hybrid) {
            state.forward(program, x, q, k, v);
            query = modulation == null ? q : modulation.forward(program, q, state.summary());
        }
        program.add(Rope.forward(query, batch.position.view(), batch.cos.view(), batch.sin.view(), rotatedQ, rows, heads, headSize));
        program.add(Rope.forward(k, batch.position.view(), batch.cos.view(), batch.sin.view(), rotatedK, rows, kvHeads, headSize));
        attend(program);
        if (hybrid) {
            middle.forward(program);
            combine.forward(program, a, middle.middle());
        }
        outputProjection.forward(program, o, out);
    }

    private void attend(Program.Builder program) {
        if (past == null) {
            program.add(Attention.forward(rotatedQ, rotatedK, v, batch.first.view(), a, lse, rows, heads, kvHeads, headSize));
            return;
        }
        View position = batch.position.view();
        View keys = past.cache("keys");
        View values = past.cache("values");
        program.add(CachedAttention.keep(rotatedK, position, keys, rows, kvHeads * headSize));
        program.add(CachedAttention.keep(v, position, values, rows, kvHeads * headSize));
        program.add(CachedAttention.forward(rotatedQ, keys, values, position, a, rows, heads, kvHeads, headSize, window));
    }

    /** The output projection of other heads than O, by the same weight: {@code out = heads · W_oᵀ}. */
    public void project(Program.Builder program, View heads, View out) {
        outputProjection.forward(program, heads, out);
    }

    /** Writes the gradient of what was given to {@link #project}, and adds to the weight's. */
    public void projectBackward(Program.Builder program, View heads, View dOut, View dHeads) {
        outputProjection.backward(program, heads, dOut, dHeads, false);
    }

    /** From the gradient of the output to that of x̂, which is written; null where nobody needs it. */
    public void backward(Program.Builder program, View x, View dOut, View dx, InnerGradients inner) {
        outputProjection.backward(program, o, dOut, dO, false);
        View dA = dO;
        if (hybrid) {
            combine.backward(program, middle.middle());
            middle.backward(program, dKhat, inner.gate);
            dA = middle.attentionGradient();
            combine.backwardAttention(program, a, dA);
            if (inner.khat != null) {
                program.add(Add.accumulate(inner.khat, dKhat, rows * heads * headSize));
            }
        }
        program.add(Attention.backwardPrepare(a, dA, lse, stats, rows, heads, headSize));
        program.add(Attention.backwardQuery(rotatedQ, rotatedK, v, dA, stats, batch.first.view(), dRotatedQ, rows, heads, kvHeads, headSize));
        program.add(Attention.backwardKeyValue(rotatedQ, rotatedK, v, dA, stats, batch.last.view(), dRotatedK, dV, rows, heads, kvHeads, headSize));
        program.add(Rope.backward(dRotatedQ, batch.position.view(), batch.cos.view(), batch.sin.view(), dQ, rows, heads, headSize));
        program.add(Rope.backward(dRotatedK, batch.position.view(), batch.cos.view(), batch.sin.view(), dK, rows, kvHeads, headSize));
        if (hybrid) {
            if (modulation != null) {
                modulation.backward(program, state.summary(), dQ, state.summaryGradient());
            }
            state.backward(program, x, q, k, v, dKhat, combine.stateGradient(), modulation != null, dQ, dK, dV, dx);
        }
        queryProjection.backward(program, x, dQ, dx, hybrid);
        keyProjection.backward(program, x, dK, dx, true);
        valueProjection.backward(program, x, dV, dx, true);
    }
}
