package dev.wuneng.model.decoder;

import dev.wuneng.kernels.op.Embedding;
import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.kernels.run.View;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.decoder.Activations.Keep;
import dev.wuneng.model.parameter.Parameters;
import java.util.ArrayList;
import java.util.List;

/**
 * The decoder for one batch shape: token embedding, L layers, final norm; what comes after (logits, a loss) reads {@link #hidden()} and writes
 * {@link #hiddenGradient()}. Teacher and student are the same code, and differ by {@code state_heads} in their configuration.
 */
public final class Decoder {
    private final Parameters parameters;
    private final ModelConfig config;
    private final Batch batch;
    private final Activations memory;
    private final DecoderLayer layer;
    private final View hidden;
    private final View dHidden;
    private final Program embed;
    private final Program layerForward;
    private final Program norm;
    private final Program normBackward;
    private final Program layerBackward;
    private final Program embedBackward;

    public Decoder(Parameters parameters, Batch batch, Keep keep) {
        this(parameters, batch, new Activations(parameters.config().numHiddenLayers(), keep));
    }

    /** A decoder of a text's next tokens, one sequence at a time, forward only. */
    public Decoder(Parameters parameters, Batch batch, Past past) {
        this(parameters, batch, new Activations(parameters.config().numHiddenLayers(), Keep.NOTHING, past));
    }

    private Decoder(Parameters parameters, Batch batch, Activations memory) {
        this.parameters = parameters;
        this.batch = batch;
        this.memory = memory;
        config = parameters.config();
        Keep keep = memory.keep();
        int rows = batch.rows();
        int d = config.hiddenSize();
        boolean trains = keep != Keep.NOTHING;
        View x = memory.residual("x", (long) rows * d);
        View last = new View(x.buffer(), x.stride() * config.numHiddenLayers(), 0);
        View dx = trains ? memory.scratch("d x", (long) rows * d) : null;
        hidden = memory.scratch("hidden", (long) rows * d);
        dHidden = trains ? memory.scratch("d hidden", (long) rows * d) : null;
        layer = new DecoderLayer(parameters, memory, batch, x, dx);
        NormLayer finalNorm = new NormLayer(parameters, new ColumnSums(parameters, memory, rows), "model.norm.weight",
                memory.scratch("final_norm.rstd", rows), rows, d, 1);

        View table = parameters.view("model.embed_tokens.weight");
        embed = new Program.Builder().add(Embedding.forward(batch.ids.view(), table, x, rows, d)).build("embed");
        layerForward = layer.forward();
        Program.Builder normalize = new Program.Builder();
        finalNorm.forward(normalize, last, hidden);
        norm = normalize.build("final_norm");
        if (trains) {
            Program.Builder back = new Program.Builder();
            finalNorm.backward(back, last, dHidden, dx, false);
            normBackward = back.build("final_norm.backward");
            layerBackward = layer.backward();
            embedBackward = parameters.trains("model.embed_tokens.weight")
                    ? new Program.Builder().add(Embedding.backward(batch.ids.view(), batch.order.view(), batch.runs.view(), dx,
                            parameters.gradient("model.embed_tokens.weight"), rows, d)).build("embed.backward")
                    : null;
        } else {
            normBackward = null;
            layerBackward = null;
            embedBackward = null;
        }
    }

    public ModelConfig config() {
        return config;
    }

    public Parameters parameters() {
        return parameters;
    }

    public Batch batch() {
        return batch;
    }

    /** Every program, for an executor that prepares them before the first run. */
    public List<Program> programs() {
        List<Program> programs = new ArrayList<>(List.of(embed, layerForward, norm));
        if (layerBackward != null) {
            programs.add(normBackward);
            programs.add(layerBackward);
        }
        if (embedBackward != null) {
            programs.add(embedBackward);
        }
        return programs;
    }

    /** The last layer's output after the final norm, [R, d]. */
    public View hidden() {
        return hidden;
    }

    /** Where a loss writes the gradient of {@link #hidden()}. */
    public View hiddenGradient() {
        return dHidden;
    }

    /** Tokens in, {@link #hidden()} out. */
    public void forward(Executor executor) {
        embed(executor);
        for (int l = 0; l < config.numHiddenLayers(); l++) {
            forwardLayer(executor, l);
        }
        executor.run(norm, 0);
    }

    /** The first step of {@link #forward}, for those who look at every layer. */
    public void embed(Executor executor) {
        executor.run(embed, 0);
    }

    /** One layer of {@link #forward}. */
    public void forwardLayer(Executor executor, int l) {
        executor.run(layerForward, l);
    }

    /** Adds to the gradients of all parameters that train, from {@link #hiddenGradient()}. */
    public void backward(Executor executor) {
        executor.run(normBackward, 0);
        for (int l = config.numHiddenLayers() - 1; l >= 0; l--) {
            if (memory.keep() == Keep.INPUTS) {
                executor.run(layerForward, l);
            }
            executor.run(layerBackward, l);
        }
        if (embedBackward != null) {
            executor.run(embedBackward, 0);
        }
    }

    /** x̂ of the layer run last: what its attention block read, [R, d]. */
    public View attentionInput() {
        return layer.normed();
    }

    /** What the attention block of the layer run last added to the residual stream, [R, d]. */
    public View attentionOutput() {
        return layer.attended();
    }

    /** A kept activation by name, for those who compare or watch them; slot l of it is layer l's where everything is kept. */
    public View activation(String name) {
        for (Buffer buffer : memory.buffers()) {
            if (buffer.name().equals(name)) {
                return memory.keep() == Keep.ALL ? buffer.stacked(buffer.size() / config.numHiddenLayers()) : buffer.view();
            }
        }
        throw new IllegalArgumentException("the model has no activation " + name);
    }
}
