package dev.wuneng.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonParser;
import dev.wuneng.model.checkpoint.Dtype;
import dev.wuneng.model.parameter.Initialization;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.model.parameter.Trainable;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTest {
    @TempDir
    Path temp;

    private static ModelConfig config(boolean stateHeads) {
        return ModelConfig.of(JsonParser.parseString("""
                {"vocab_size": 20, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1,
                 "intermediate_size": 24, "state_lora_rank": 4, "state_heads": %s}""".formatted(stateHeads)).getAsJsonObject());
    }

    @Test
    void whatIsSavedIsLoaded() throws Exception {
        Parameters student = new Parameters(config(true), Trainable.ALL);
        Initialization.all(student, 3);
        Path tokenizer = Files.writeString(temp.resolve("tokenizer.json"), "{}");
        Path folder = temp.resolve("deep/model");
        Checkpoint.save(folder, student, tokenizer);
        Checkpoint.save(folder, student, tokenizer);
        Checkpoint read = Checkpoint.open(folder);
        assertEquals(student.config(), read.config());
        assertEquals("{}", Files.readString(read.tokenizer().orElseThrow()));
        assertSame(values(student), values(read.load(Trainable.NONE)));
    }

    @Test
    void aStudentHasTheTeachersWeights() {
        Parameters teacher = new Parameters(config(false), Trainable.NONE);
        Initialization.all(teacher, 3);
        Parameters student = new Parameters(teacher.config().withStateHeads(true), Trainable.ALL);
        student.copyFrom(teacher);
        Initialization.additions(student, 4);
        Map<String, float[]> values = values(student);
        values(teacher).forEach((name, expected) -> assertArrayEquals(expected, values.get(name), name));
        assertEquals(student.count(false) - teacher.count(false), student.count(true));
    }

    @Test
    void whatIsMissingIsNamed() throws Exception {
        assertMessage("nowhere is not a folder", () -> Checkpoint.open(Path.of("nowhere")));
        assertMessage("config.json cannot be read", () -> Checkpoint.open(temp));
        config(false).write(temp.resolve("config.json"), Dtype.F32);
        assertMessage("holds neither model.safetensors nor model.safetensors.index.json", () -> Checkpoint.open(temp).load(Trainable.NONE));
        Checkpoint.save(temp.resolve("teacher"), new Parameters(config(false), Trainable.NONE), null);
        config(true).write(temp.resolve("teacher/config.json"), Dtype.F32);
        assertMessage("has no tensor model.layers.0.self_attn.state.", () -> Checkpoint.open(temp.resolve("teacher")).load(Trainable.NONE));
    }

    private static void assertMessage(String part, Executable action) {
        String message = assertThrows(ModelException.class, action).getMessage();
        assertTrue(message.contains(part), message);
    }

    private static void assertSame(Map<String, float[]> expected, Map<String, float[]> actual) {
        assertEquals(expected.keySet(), actual.keySet());
        expected.forEach((name, values) -> assertArrayEquals(values, actual.get(name), name));
    }

    private static Map<String, float[]> values(Parameters parameters) {
        Map<String, float[]> values = new LinkedHashMap<>();
        parameters.forEach((name, segment) -> values.put(name, segment.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED)));
        return values;
    }
}
