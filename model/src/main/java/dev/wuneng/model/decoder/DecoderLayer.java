package dev.wuneng.model.decoder;

import dev.wuneng.kernels.op.Add;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.kernels.run.View;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.decoder.AttentionBlock.InnerGradients;
import dev.wuneng.model.parameter.Parameters;

/**
 * One layer: {@code x += attention(norm(x))}, then {@code x += mlp(norm(x))}. Its two programs are run once for every layer, with the layer as their index.
 */
final class DecoderLayer {
    private final AttentionBlock attention;
    private final Mlp mlp;
    private final NormLayer attentionNorm;
    private final NormLayer mlpNorm;
    private final int size;
    private final View x;
    private final View next;
    private final View normed;
    private final View attended;
    private final View middle;
    private final View middleNormed;
    private final View mlpOut;
    private final View dx;
    private final View dNormed;

    /** @param x the inputs of all layers; {@code dx} the gradient of what a layer wrote, and after its backward pass of what it read; null without one */
    DecoderLayer(Parameters parameters, Activations memory, Batch batch, View x, View dx) {
        ModelConfig config = parameters.config();
        int rows = batch.rows();
        int d = config.hiddenSize();
        this.x = x;
        this.dx = dx;
        next = x.next();
        size = rows * d;
        ColumnSums sums = new ColumnSums(parameters, memory, rows);
        attentionNorm = new NormLayer(parameters, sums, "model.layers.*.input_layernorm.weight", memory.kept("x.rstd", rows), rows, d, 1);
        mlpNorm = new NormLayer(parameters, sums, "model.layers.*.post_attention_layernorm.weight", memory.kept("x.middle.rstd", rows), rows, d, 1);
        attention = new AttentionBlock(parameters, memory, batch);
        mlp = new Mlp(parameters, memory, rows);
        normed = memory.shifted("x.normed", rows, d);
        attended = memory.scratch("attended", size);
        middle = memory.kept("x.middle", size);
        middleNormed = memory.kept("x.middle_normed", size);
        mlpOut = memory.scratch("mlp.out", size);
        dNormed = dx == null ? null : memory.scratch("d x.normed", size);
    }

    /** x̂, what the attention block reads. */
    View normed() {
        return normed;
    }

    /** What the attention block adds to the residual stream. */
    View attended() {
        return attended;
    }

    Program forward() {
        Program.Builder program = new Program.Builder();
        attentionNorm.forward(program, x, normed);
        attention.forward(program, normed, attended);
        program.add(Add.sum(x, attended, middle, size));
        mlpNorm.forward(program, middle, middleNormed);
        mlp.forward(program, middleNormed, mlpOut);
        program.add(Add.sum(middle, mlpOut, next, size));
        return program.build("layer.forward");
    }

    Program backward() {
        Program.Builder program = new Program.Builder();
        mlp.backward(program, middleNormed, dx, dNormed);
        mlpNorm.backward(program, middle, dNormed, dx, true);
        attention.backward(program, normed, dx, dNormed, InnerGradients.NONE);
        attentionNorm.backward(program, x, dNormed, dx, true);
        return program.build("layer.backward");
    }
}
