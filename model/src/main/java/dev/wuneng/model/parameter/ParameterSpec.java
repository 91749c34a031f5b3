package dev.wuneng.model.parameter;

import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.ModelException;
import dev.wuneng.model.checkpoint.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A kind of parameter: its name in a checkpoint, with {@code *} for the layer where every layer has one, and its shape.
 *
 * @param addition whether it belongs to what a student adds to its teacher
 */
public record ParameterSpec(String name, int[] shape, boolean perLayer, boolean addition) {
    private static final String LAYER = "model.layers.*.";
    private static final String ATTENTION = LAYER + "self_attn.";
    private static final String STATE = ATTENTION + "state.";
    private static final String MIDDLE = ATTENTION + "middle.";

    /** Every parameter of a model, in the order of a checkpoint. */
    public static List<ParameterSpec> of(ModelConfig c) {
        int d = c.hiddenSize();
        List<ParameterSpec> specs = new ArrayList<>();
        specs.add(new ParameterSpec("model.embed_tokens.weight", new int[] {c.vocabSize(), d}, false, false));
        frame(specs, LAYER + "input_layernorm.weight", d);
        frame(specs, ATTENTION + "q_proj.weight", c.attentionWidth(), d);
        frame(specs, ATTENTION + "q_proj.bias", c.attentionWidth());
        frame(specs, ATTENTION + "k_proj.weight", c.keyValueWidth(), d);
        frame(specs, ATTENTION + "k_proj.bias", c.keyValueWidth());
        frame(specs, ATTENTION + "v_proj.weight", c.keyValueWidth(), d);
        frame(specs, ATTENTION + "v_proj.bias", c.keyValueWidth());
        frame(specs, ATTENTION + "o_proj.weight", d, c.attentionWidth());
        if (c.stateHeads()) {
            stateHeads(specs, c);
        }
        frame(specs, LAYER + "post_attention_layernorm.weight", d);
        frame(specs, LAYER + "mlp.gate_proj.weight", c.intermediateSize(), d);
        frame(specs, LAYER + "mlp.up_proj.weight", c.intermediateSize(), d);
        frame(specs, LAYER + "mlp.down_proj.weight", d, c.intermediateSize());
        specs.add(new ParameterSpec("model.norm.weight", new int[] {d}, false, false));
        if (!c.tieWordEmbeddings()) {
            specs.add(new ParameterSpec("lm_head.weight", new int[] {c.vocabSize(), d}, false, false));
        }
        return specs;
    }

    private static void stateHeads(List<ParameterSpec> specs, ModelConfig c) {
        int d = c.hiddenSize();
        int width = c.attentionWidth();
        int heads = c.numAttentionHeads();
        int n = c.headDim();
        int rank = c.stateLoraRank();
        for (String shift : List.of("x_r", "x_k", "x_v")) {
            added(specs, STATE + shift, width);
        }
        for (String shift : List.of("x_w", "x_a")) {
            added(specs, STATE + shift, d);
        }
        for (String lora : List.of("w", "a")) {
            added(specs, STATE + lora + "0", width);
            added(specs, STATE + lora + "1", d, rank);
            added(specs, STATE + lora + "2", rank, width);
        }
        added(specs, STATE + "k_k", width);
        added(specs, STATE + "k_a", width);
        added(specs, STATE + "r_k", heads, n);
        added(specs, STATE + "ln_x.weight", width);
        added(specs, STATE + "ln_x.bias", width);
        added(specs, STATE + "key.weight", heads, n, n);
        if (c.queryModulation()) {
            added(specs, STATE + "query.weight", heads, n, n);
            added(specs, STATE + "query.scale", heads);
        }
        added(specs, STATE + "out_norm.weight", width);
        added(specs, STATE + "out_scale", width);
        switch (c.middleHeads()) {
            case GATED -> {
                added(specs, MIDDLE + "gate.weight", heads, n, 2 * n);
                added(specs, MIDDLE + "gate.bias", width);
            }
            case ADDITIVE -> added(specs, MIDDLE + "alpha", width);
            case WEIGHTED -> added(specs, MIDDLE + "beta", width);
            case CONCAT -> added(specs, MIDDLE + "proj.weight", heads, n, 2 * n);
            case NONE -> { }
        }
        if (c.combine() == ModelConfig.CombineMode.CONCAT) {
            added(specs, ATTENTION + "combine.weight", heads, n, 3 * n);
        }
    }

    private static void frame(List<ParameterSpec> specs, String name, int... shape) {
        specs.add(new ParameterSpec(name, shape, true, false));
    }

    private static void added(List<ParameterSpec> specs, String name, int... shape) {
        specs.add(new ParameterSpec(name, shape, true, true));
    }

    /** The checkpoint name in a layer. */
    public String name(int layer) {
        return name.replace("*", Integer.toString(layer));
    }

    /** Elements a layer. */
    public int size() {
        int size = 1;
        for (int n : shape) {
            size = Math.multiplyExact(size, n);
        }
        return size;
    }

    /** Whether AdamW decays it: matrices, but no norms, biases and vectors (r_k is a vector for each head). */
    public boolean decays() {
        return shape.length > 1 && !name.endsWith("r_k");
    }

    /** Whether it is a matrix that a model has with or without state heads: a linear layer's weight, the embedding, the head. */
    public boolean isFrameMatrix() {
        return !addition && shape.length > 1;
    }

    /** Refuses a tensor of another shape. */
    public void requireShape(Tensor tensor) {
        if (!Arrays.equals(tensor.shape(), shape)) {
            throw new ModelException(tensor.file() + " holds " + tensor.name() + " with shape " + Arrays.toString(tensor.shape())
                    + ", and config.json asks for " + Arrays.toString(shape) + ": use the config.json that belongs to it");
        }
    }
}
