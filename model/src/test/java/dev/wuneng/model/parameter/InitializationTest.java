package dev.wuneng.model.parameter;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonParser;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.ModelException;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The start of a student, against the spec's formulas worked out by hand. */
class InitializationTest {
    private static final String STATE = "model.layers.*.self_attn.state.";

    @Test
    void additionsStartAsTheSpecSays() {
        Parameters parameters = parameters(1);
        // Layer 1 of 2: depth 1/2, ρ = 1; head size 4, width 8.
        assertClose(1 - Math.pow(3 / 8.0, 0.2 * 0.5), get(parameters, STATE + "x_r", 1)[3]);
        assertClose(1 - Math.pow(3 / 8.0, 0.7 * 0.5), get(parameters, STATE + "x_k", 1)[3]);
        assertClose(1 - Math.pow(3 / 6.0, 0.9 * 0.5), get(parameters, STATE + "x_w", 1)[3]);
        // Channel 5 is the second of its head: z = −1/3.
        assertClose(-6 + 6 * Math.pow(5 / 7.0, 2) + 0.5 - 2.5 / 9, get(parameters, STATE + "w0", 1)[5]);
        assertClose(-6 + 6 * Math.pow(5 / 7.0, 1) + 0.5 - 2.5 / 9, get(parameters, STATE + "w0", 0)[5]);
        assertClose(-0.19 - 0.3 / 9 + 0.4 * (5 / 8.0 - 0.5), get(parameters, STATE + "a0", 0)[5]);
        assertClose(0.71 - 0.1 * (5 / 8.0 - 0.5), get(parameters, STATE + "k_k", 0)[5]);
        assertClose(1.02, get(parameters, STATE + "k_a", 0)[5]);
        assertClose(-0.04, get(parameters, STATE + "r_k", 0)[5]);
        assertClose(Math.pow(0.5, 0.7), get(parameters, STATE + "ln_x.weight", 0)[5]);
        assertArrayEquals(new float[] {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1}, Arrays.copyOf(get(parameters, STATE + "key.weight", 1), 16));
        for (String zero : List.of("w1", "a1", "ln_x.bias", "query.scale", "out_scale")) {
            for (float value : get(parameters, STATE + zero, 1)) {
                assertEquals(0f, value, zero);
            }
        }
    }

    @Test
    void secondLoraMatricesHaveOrthogonalRows() {
        float[] w2 = get(parameters(1), STATE + "w2", 0);
        for (int a = 0; a < 3; a++) {
            for (int b = 0; b < 3; b++) {
                double dot = 0;
                for (int i = 0; i < 8; i++) {
                    dot += w2[a * 8 + i] * w2[b * 8 + i];
                }
                assertEquals(a == b ? 0.01 : 0, dot, 1e-8);
            }
        }
    }

    @Test
    void theSeedAloneDecides() {
        assertArrayEquals(get(parameters(1), STATE + "query.weight", 1), get(parameters(1), STATE + "query.weight", 1));
        assertTrue(get(parameters(1), STATE + "query.weight", 1)[0] != get(parameters(2), STATE + "query.weight", 1)[0]);
        assertTrue(get(parameters(1), STATE + "query.weight", 1)[0] != get(parameters(1), STATE + "query.weight", 0)[0]);
    }

    @Test
    void aStudentKeepsItsTeachersWeights() {
        Parameters teacher = new Parameters(config().teacher(), Trainable.NONE);
        Initialization.all(teacher, 3);
        Parameters student = new Parameters(config(), Trainable.ALL);
        student.copyFrom(teacher);
        Initialization.additions(student, 4);
        ParameterSpec.of(config().teacher()).forEach(spec -> assertArrayEquals(get(teacher, spec.name(), 0), get(student, spec.name(), 0), spec.name()));
        assertEquals(student.count(false), teacher.count(false) + student.count(true));
    }

    @Test
    void layersTrainAlike() {
        ModelException refused = assertThrows(ModelException.class, () -> new Parameters(config(), new Trainable(List.of("model.layers.1.mlp.*"))));
        assertTrue(refused.getMessage().contains("in 1 of 2 layers"), refused.getMessage());
    }

    private static void assertClose(double expected, float value) {
        assertEquals(expected, value, 1e-6);
    }

    private static ModelConfig config() {
        return ModelConfig.of(JsonParser.parseString("{\"vocab_size\": 16, \"hidden_size\": 6, \"num_hidden_layers\": 2, \"num_attention_heads\": 2,"
                + "\"num_key_value_heads\": 1, \"head_dim\": 4, \"intermediate_size\": 10, \"state_lora_rank\": 3, \"state_heads\": true}").getAsJsonObject());
    }

    private static Parameters parameters(long seed) {
        Parameters parameters = new Parameters(config(), Trainable.NONE);
        Initialization.all(parameters, seed);
        return parameters;
    }

    private static float[] get(Parameters parameters, String name, int layer) {
        ParameterSpec spec = ParameterSpec.of(config()).stream().filter(s -> s.name().equals(name)).findFirst().orElseThrow();
        return parameters.values(spec, spec.perLayer() ? layer : 0).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    }
}
