package dev.wuneng.model.parameter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonParser;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.ModelException;
import org.junit.jupiter.api.Test;

class ParametersTest {

    /** Laying out allocates nothing, so any machine can do it. */
    @Test
    void modelsOfSevenBillionAreLaidOut() {
        Parameters parameters = new Parameters(qwen(3584, 18944, 28, 28, 4), Trainable.NONE);
        assertEquals(7_615_616_512L, parameters.count(false));
    }

    @Test
    void modelsOfFourteenBillionAreRefusedByName() {
        ModelConfig config = qwen(5120, 13824, 48, 40, 8);
        String message = assertThrows(ModelException.class, () -> new Parameters(config, Trainable.NONE)).getMessage();
        assertTrue(message.startsWith("model.layers.*.mlp.gate_proj.weight has 3,397,386,240 elements"), message);
    }

    private static ModelConfig qwen(int hidden, int intermediate, int layers, int heads, int keyValueHeads) {
        return ModelConfig.of(JsonParser.parseString("""
                {"model_type": "qwen2", "vocab_size": 152064, "hidden_size": %d, "intermediate_size": %d, "num_hidden_layers": %d,
                 "num_attention_heads": %d, "num_key_value_heads": %d}""".formatted(hidden, intermediate, layers, heads, keyValueHeads)).getAsJsonObject());
    }
}
