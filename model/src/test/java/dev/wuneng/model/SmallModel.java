package dev.wuneng.model;

import com.google.gson.JsonParser;
import dev.wuneng.model.parameter.Initialization;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.model.parameter.Trainable;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/** A model of three layers that a test runs in no time. */
public final class SmallModel {
    private SmallModel() {
    }

    public static int[] tokens(int count) {
        return new Random(3).ints(count, 0, 64).toArray();
    }

    public static ModelConfig config(String choice) {
        return ModelConfig.of(JsonParser.parseString("{\"vocab_size\": 64, \"hidden_size\": 24, \"num_hidden_layers\": 3, \"num_attention_heads\": 3,"
                + "\"num_key_value_heads\": 1, \"head_dim\": 8, \"intermediate_size\": 40, \"state_lora_rank\": 4, " + choice + "}").getAsJsonObject());
    }

    /** Parameters with something in every one of them: a fresh start leaves several zero, and their branches dead. */
    public static Parameters parameters(String choice) {
        Parameters parameters = new Parameters(config(choice), Trainable.ALL);
        Initialization.all(parameters, 1);
        Random random = new Random(2);
        parameters.forEach((name, values) -> {
            for (int i = 0; i < values.byteSize() / 4; i++) {
                float value = values.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i);
                values.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, value + 0.1f * (float) random.nextGaussian());
            }
        });
        return parameters;
    }
}
