package dev.wuneng.model.decoder;

import dev.wuneng.kernels.op.Attention;
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
    private final Batch batch;
    private final int rows;
    private final int heads;
    private final int kvHeads;
    private final int headSize;
    private final LinearLayer queryProjection;
    private final LinearLayer keyProjection;
    private final LinearLayer valueProjection;
    private final LinearLayer outputProjection;

    private final View q;
    private final View k;
    private final View v;
    private final View rotatedQ;
    private final View rotatedK;
    private final View a;
    private final View lse;

    private final View stats;
    private final View dO;
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
        int d = config.hiddenSize();
        int width = config.attentionWidth();
        int narrow = config.keyValueWidth();
        String at = "model.layers.*.self_attn.";
        queryProjection = new LinearLayer(parameters, memory, at + "q_proj.weight", at + "q_proj.bias", rows, d, width);
        keyProjection = new LinearLayer(parameters, memory, at + "k_proj.weight", at + "k_proj.bias", rows, d, narrow);
        valueProjection = new LinearLayer(parameters, memory, at + "v_proj.weight", at + "v_proj.bias", rows, d, narrow);
        outputProjection = new LinearLayer(parameters, memory, at + "o_proj.weight", null, rows, width, d);

        long wide = (long) rows * width;
        long thin = (long) rows * narrow;
        q = memory.kept("q", wide);
        k = memory.kept("k", thin);
        v = memory.kept("v", thin);
        rotatedQ = memory.kept("q.rotated", wide);
        rotatedK = memory.kept("k.rotated", thin);
        a = memory.kept("A", wide);
        lse = memory.kept("A.lse", (long) rows * heads);
        if (memory.keep() == Activations.Keep.NOTHING) {
            stats = dO = dRotatedQ = dRotatedK = dQ = dK = dV = null;
        } else {
            stats = memory.scratch("attention.stats", 2L * rows * heads);
            dO = memory.scratch("d O", wide);
            dRotatedQ = memory.scratch("d q.rotated", wide);
            dRotatedK = memory.scratch("d k.rotated", thin);
            dQ = memory.scratch("d q", wide);
            dK = memory.scratch("d k", thin);
            dV = memory.scratch("d v", thin);
        }
    }

    /** From x̂ [R, d] to the block's output [R, d]. */
    public void forward(Program.Builder program, View x, View out) {
        queryProjection.forward(program, x, q);
        keyProjection.forward(program, x, k);
        valueProjection.forward(program, x, v);
        program.add(Rope.forward(q, batch.position.view(), batch.cos.view(), batch.sin.view(), rotatedQ, rows, heads, headSize));
        program.add(Rope.forward(k, batch.position.view(), batch.cos.view(), batch.sin.view(), rotatedK, rows, kvHeads, headSize));
        program.add(Attention.forward(rotatedQ, rotatedK, v, batch.first.view(), a, lse, rows, heads, kvHeads, headSize));
        outputProjection.forward(program, a, out);
    }

    /** From the gradient of the output to that of x̂, which is written; null where nobody needs it. */
    public void backward(Program.Builder program, View x, View dOut, View dx) {
        outputProjection.backward(program, a, dOut, dO, false);
        program.add(Attention.backwardPrepare(a, dO, lse, stats, rows, heads, headSize));
        program.add(Attention.backwardQuery(rotatedQ, rotatedK, v, dO, stats, batch.first.view(), dRotatedQ, rows, heads, kvHeads, headSize));
        program.add(Attention.backwardKeyValue(rotatedQ, rotatedK, v, dO, stats, batch.last.view(), dRotatedK, dV, rows, heads, kvHeads, headSize));
        program.add(Rope.backward(dRotatedQ, batch.position.view(), batch.cos.view(), batch.sin.view(), dQ, rows, heads, headSize));
        program.add(Rope.backward(dRotatedK, batch.position.view(), batch.cos.view(), batch.sin.view(), dK, rows, kvHeads, headSize));
        queryProjection.backward(program, x, dQ, dx, false);
        keyProjection.backward(program, x, dK, dx, true);
        valueProjection.backward(program, x, dV, dx, true);
    }
}
