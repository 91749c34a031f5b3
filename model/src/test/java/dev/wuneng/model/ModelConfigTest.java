package dev.wuneng.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonParser;
import dev.wuneng.model.checkpoint.Dtype;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelConfigTest {
    private static final String SIZES = "\"vocab_size\": 64, \"hidden_size\": 32, \"num_hidden_layers\": 2, \"num_attention_heads\": 4, \"intermediate_size\": 48";

    @TempDir
    Path folder;

    @Test
    void defaultsAreThoseOfQwen2() {
        ModelConfig config = parse("{" + SIZES + "}");
        assertEquals(8, config.headDim());
        assertEquals(4, config.numKeyValueHeads());
        assertEquals(1e6, config.ropeTheta());
        assertEquals(false, config.stateHeads());
        assertEquals(32, config.stateLoraRank());
        assertEquals(160, ModelConfig.defaultRank(3584));
    }

    @Test
    void aWindowThatIsNotUsedIsNone() {
        assertEquals(0, parse("{" + SIZES + ", \"sliding_window\": 7, \"use_sliding_window\": false}").slidingWindow());
        assertEquals(7, parse("{" + SIZES + ", \"sliding_window\": 7, \"use_sliding_window\": true}").slidingWindow());
        assertEquals(0, parse("{" + SIZES + ", \"sliding_window\": null}").slidingWindow());
    }

    @Test
    void newerVersionsOfTransformersNestTheRotaryFields() {
        assertEquals(5e5, parse("{" + SIZES + ", \"rope_parameters\": {\"rope_type\": \"default\", \"rope_theta\": 5e5}}").ropeTheta());
        assertEquals(0, parse("{" + SIZES + ", \"sliding_window\": 7, \"use_sliding_window\": true, \"max_window_layers\": 2}").slidingWindow());
    }

    @Test
    void whatIsWrittenIsReadAgain() throws IOException {
        for (String more : new String[] {"", ", \"state_heads\": true, \"middle_heads\": \"weighted\", \"combine\": \"concat\", \"sliding_window\": 5"}) {
            ModelConfig config = parse("{" + SIZES + more + "}");
            config.write(folder.resolve("config.json"), Dtype.F32);
            assertEquals(config, ModelConfig.read(folder.resolve("config.json")));
        }
    }

    @Test
    void aTeachersFileNamesNothingThatQwen2DoesNotKnow() throws IOException {
        parse("{" + SIZES + "}").write(folder.resolve("config.json"), Dtype.F32);
        String text = Files.readString(folder.resolve("config.json"));
        assertTrue(text.contains("Qwen2ForCausalLM") && !text.contains("state") && !text.contains("middle"), text);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "\"num_key_value_heads\": 3 | num_key_value_heads is 3, and must divide num_attention_heads (4)",
        "\"num_attention_heads\": 5 | hidden_size is 32, and must be divisible by num_attention_heads (5)",
        "\"hidden_size\": \"wide\" | hidden_size is \"wide\", and must be a number",
        "\"vocab_size\": 1.5 | vocab_size is 1.5, and must be a whole number",
        "\"model_type\": \"llama\" | model_type is \"llama\", and only qwen2 and wuneng are known",
        "\"model_type\": null | model_type is null, and only qwen2 and wuneng are known",
        "\"hidden_act\": \"gelu\" | hidden_act is \"gelu\", and only silu is known",
        "\"rope_scaling\": {\"type\": \"yarn\"} | rope_scaling is {\"type\":\"yarn\"}, and only rotary embedding without scaling",
        "\"rope_parameters\": {\"rope_type\": \"yarn\"} | rope_type is \"yarn\", and only default is known",
        "\"max_window_layers\": 1, \"sliding_window\": 8 | max_window_layers is 1, and must be 0 where a sliding window is used",
        "\"middle_heads\": \"gates\" | middle_heads is \"gates\", and must be one of [gated, additive, weighted, concat, none]",
        "\"head_dim\": 7 | head_dim is 7, and must be positive and even",
        "\"tie_word_embeddings\": \"no\" | tie_word_embeddings is \"no\", and must be true or false"})
    void wrongFieldsAreNamed(String field, String complaint) throws IOException {
        String name = field.substring(0, field.indexOf(':') + 1);
        String others = SIZES.replaceFirst(name + " \\S+(, |$)", "");
        Files.writeString(folder.resolve("config.json"), "{" + others.replaceFirst(",? *$", "") + ", " + field + "}");
        ModelException refused = assertThrows(ModelException.class, () -> ModelConfig.read(folder.resolve("config.json")));
        assertTrue(refused.getMessage().contains(complaint) && refused.getMessage().contains("config.json"), refused.getMessage());
    }

    @Test
    void missingFieldsAndFilesAreNamed() throws IOException {
        assertTrue(assertThrows(ModelException.class, () -> parse("{}")).getMessage().contains("hidden_size is missing"));
        assertTrue(assertThrows(ModelException.class, () -> ModelConfig.read(folder.resolve("none.json"))).getMessage().contains("none.json cannot be read"));
        Files.writeString(folder.resolve("config.json"), "[1]");
        assertTrue(assertThrows(ModelException.class, () -> ModelConfig.read(folder.resolve("config.json"))).getMessage().contains("not a JSON object"));
    }

    private static ModelConfig parse(String json) {
        return ModelConfig.of(JsonParser.parseString(json).getAsJsonObject());
    }
}
