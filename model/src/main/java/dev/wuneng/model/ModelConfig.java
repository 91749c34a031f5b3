package dev.wuneng.model;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import dev.wuneng.model.checkpoint.Dtype;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * The sizes and choices of a model, as a Hugging Face {@code config.json} holds them: Qwen2's fields plus those of the state heads. Without
 * {@code state_heads} it describes a Qwen2 model, the teacher.
 */
public record ModelConfig(
        int vocabSize,
        int hiddenSize,
        int numHiddenLayers,
        int numAttentionHeads,
        int numKeyValueHeads,
        int headDim,
        int intermediateSize,
        int maxPositionEmbeddings,
        float rmsNormEps,
        double ropeTheta,
        boolean tieWordEmbeddings,
        int slidingWindow,
        boolean stateHeads,
        MiddleHeads middleHeads,
        CombineMode combine,
        boolean queryModulation,
        int stateLoraRank) {

    /** How attention and state meet in a middle head (spec, "Middle heads"). */
    public enum MiddleHeads { GATED, ADDITIVE, WEIGHTED, CONCAT, NONE }

    /** How the heads' outputs meet (spec, "Combine"). */
    public enum CombineMode { ADD, CONCAT }

    private static final Gson GSON = new GsonBuilder().setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
            .setPrettyPrinting().create();

    public ModelConfig {
        check(vocabSize > 0, "vocab_size", vocabSize, "must be positive");
        check(hiddenSize > 0, "hidden_size", hiddenSize, "must be positive");
        check(numHiddenLayers > 0, "num_hidden_layers", numHiddenLayers, "must be positive");
        check(numAttentionHeads > 0, "num_attention_heads", numAttentionHeads, "must be positive");
        check(numKeyValueHeads > 0 && numAttentionHeads % numKeyValueHeads == 0, "num_key_value_heads", numKeyValueHeads,
                "must divide num_attention_heads (" + numAttentionHeads + ")");
        check(headDim > 0 && headDim % 2 == 0, "head_dim", headDim, "must be positive and even, for rotary embedding");
        check(intermediateSize > 0, "intermediate_size", intermediateSize, "must be positive");
        check(maxPositionEmbeddings > 0, "max_position_embeddings", maxPositionEmbeddings, "must be positive");
        check(rmsNormEps > 0 && rmsNormEps < 1, "rms_norm_eps", rmsNormEps, "must lie between 0 and 1");
        check(ropeTheta > 0, "rope_theta", ropeTheta, "must be positive");
        check(slidingWindow >= 0, "sliding_window", slidingWindow, "must be 0 (none) or a number of tokens");
        check(!stateHeads || stateLoraRank > 0, "state_lora_rank", stateLoraRank, "must be positive");
    }

    private static void check(boolean right, String field, Object value, String remedy) {
        if (!right) {
            throw new ModelException(field + " is " + value + ", and " + remedy);
        }
    }

    /** H · N, the width of all heads together. */
    public int attentionWidth() {
        return numAttentionHeads * headDim;
    }

    /** The width of all key (or value) heads together. */
    public int keyValueWidth() {
        return numKeyValueHeads * headDim;
    }

    /** The same model without state heads. */
    public ModelConfig teacher() {
        return withStateHeads(false);
    }

    /** The same model with state heads as configured, or without. */
    public ModelConfig withStateHeads(boolean on) {
        return new ModelConfig(vocabSize, hiddenSize, numHiddenLayers, numAttentionHeads, numKeyValueHeads, headDim, intermediateSize,
                maxPositionEmbeddings, rmsNormEps, ropeTheta, tieWordEmbeddings, slidingWindow, on, middleHeads, combine, queryModulation,
                stateLoraRank);
    }

    /** Reads a {@code config.json}. */
    public static ModelConfig read(Path file) {
        try {
            return of(JsonParser.parseString(Files.readString(file)).getAsJsonObject());
        } catch (IOException e) {
            throw new ModelException(file + " cannot be read (" + e.getClass().getSimpleName() + "): give the folder of a model with its config.json", e);
        } catch (JsonParseException | IllegalStateException e) {
            throw new ModelException(file + " is not a JSON object: copy it again from where the model comes from", e);
        } catch (ModelException e) {
            throw new ModelException(file + ": " + e.getMessage(), e);
        }
    }

    /** Takes the fields out of a JSON object; others, of which Hugging Face writes many, are left alone. */
    public static ModelConfig of(JsonObject json) {
        only(json, "model_type", "qwen2", "wuneng");
        only(json, "hidden_act", "silu");
        JsonObject rope = rope(json);
        int hidden = integer(json, "hidden_size", null);
        int heads = integer(json, "num_attention_heads", null);
        check(heads > 0 && (json.has("head_dim") || hidden % heads == 0), "hidden_size", hidden,
                "must be divisible by num_attention_heads (" + heads + ") where head_dim is not given");
        return new ModelConfig(
                integer(json, "vocab_size", null), hidden, integer(json, "num_hidden_layers", null), heads,
                integer(json, "num_key_value_heads", heads), integer(json, "head_dim", hidden / heads),
                integer(json, "intermediate_size", null), integer(json, "max_position_embeddings", 32768),
                (float) number(json, "rms_norm_eps", 1e-6), number(rope, "rope_theta", 1e6), bool(json, "tie_word_embeddings", false),
                window(json), bool(json, "state_heads", false),
                choice(json, "middle_heads", MiddleHeads.GATED), choice(json, "combine", CombineMode.ADD),
                bool(json, "query_modulation", true), integer(json, "state_lora_rank", defaultRank(hidden)));
    }

    /** Where the fields of rotary embedding stand: on top, or since Transformers 5 in an object of their own. */
    private static JsonObject rope(JsonObject json) {
        JsonElement scaling = json.get("rope_scaling");
        if (scaling != null && !scaling.isJsonNull()) {
            throw new ModelException("rope_scaling is " + scaling + ", and only rotary embedding without scaling is computed: remove it to use the model up to"
                    + " the length that it was trained with");
        }
        if (!(json.get("rope_parameters") instanceof JsonObject rope)) {
            return json;
        }
        only(rope, "rope_type", "default");
        return rope;
    }

    /** Qwen2 writes a window and does not use it unless {@code use_sliding_window} says so, and then from layer {@code max_window_layers} on. */
    private static int window(JsonObject json) {
        int first = integer(json, "max_window_layers", 0);
        if (json.has("use_sliding_window") && !bool(json, "use_sliding_window", false) || first >= integer(json, "num_hidden_layers", null)) {
            return 0;
        }
        int window = integer(json, "sliding_window", 0);
        check(window == 0 || first == 0, "max_window_layers", first, "must be 0 where a sliding window is used: all layers have it, or none");
        return window;
    }

    private static void only(JsonObject json, String field, String... known) {
        JsonElement value = json.get(field);
        if (value != null && Arrays.stream(known).noneMatch(k -> value.equals(new JsonPrimitive(k)))) {
            throw new ModelException(field + " is " + value + ", and only " + String.join(" and ", known) + (known.length == 1 ? " is known" : " are known"));
        }
    }

    /** max(32, 32 · round(2.5 · √d / 32)), as RWKV-7 chooses its ranks. */
    public static int defaultRank(int hiddenSize) {
        return Math.max(32, 32 * (int) Math.round(2.5 * Math.sqrt(hiddenSize) / 32));
    }

    /**
     * Writes a {@code config.json} that this and, for a teacher, Hugging Face's Qwen2 read.
     *
     * @param dtype of the weights beside it
     */
    public void write(Path file, Dtype dtype) throws IOException {
        JsonObject json = new JsonObject();
        JsonElement architectures = GSON.toJsonTree(List.of(stateHeads ? "WuNengForCausalLM" : "Qwen2ForCausalLM"));
        json.add("architectures", architectures);
        json.addProperty("model_type", stateHeads ? "wuneng" : "qwen2");
        json.addProperty("hidden_act", "silu");
        json.addProperty("torch_dtype", dtype.torchName());
        JsonObject fields = GSON.toJsonTree(this).getAsJsonObject();
        fields.addProperty("middle_heads", middleHeads.name().toLowerCase(Locale.ROOT));
        fields.addProperty("combine", combine.name().toLowerCase(Locale.ROOT));
        if (!stateHeads) {
            List.of("state_heads", "middle_heads", "combine", "query_modulation", "state_lora_rank").forEach(fields::remove);
        }
        fields.addProperty("use_sliding_window", slidingWindow > 0);
        fields.addProperty("max_window_layers", slidingWindow > 0 ? 0 : numHiddenLayers);
        fields.entrySet().forEach(e -> json.add(e.getKey(), e.getValue()));
        Files.writeString(file, GSON.toJson(json) + "\n");
    }

    private static double number(JsonObject json, String field, Double otherwise) {
        JsonElement value = json.get(field);
        if (value == null || value.isJsonNull()) {
            if (otherwise == null) {
                throw new ModelException(field + " is missing: add it");
            }
            return otherwise;
        }
        try {
            return value.getAsDouble();
        } catch (NumberFormatException | UnsupportedOperationException | IllegalStateException e) {
            throw new ModelException(field + " is " + value + ", and must be a number", e);
        }
    }

    private static int integer(JsonObject json, String field, Integer otherwise) {
        double value = number(json, field, otherwise == null ? null : (double) otherwise);
        if (value != (int) value) {
            throw new ModelException(field + " is " + value + ", and must be a whole number");
        }
        return (int) value;
    }

    private static boolean bool(JsonObject json, String field, boolean otherwise) {
        JsonElement value = json.get(field);
        if (value == null || value.isJsonNull()) {
            return otherwise;
        }
        if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isBoolean()) {
            throw new ModelException(field + " is " + value + ", and must be true or false");
        }
        return value.getAsBoolean();
    }

    private static <E extends Enum<E>> E choice(JsonObject json, String field, E otherwise) {
        if (!json.has(field)) {
            return otherwise;
        }
        E[] choices = otherwise.getDeclaringClass().getEnumConstants();
        JsonElement value = json.get(field);
        return Arrays.stream(choices).filter(c -> value.equals(new JsonPrimitive(c.name().toLowerCase(Locale.ROOT)))).findFirst()
                .orElseThrow(() -> new ModelException(field + " is " + value + ", and must be one of "
                        + Arrays.toString(choices).toLowerCase(Locale.ROOT)));
    }
}
