package dev.wuneng.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonParser;
import dev.wuneng.model.Checkpoint;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.parameter.Initialization;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.model.parameter.Trainable;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointCommandTest {
    private static final String FIELDS = "\"vocab_size\": 16, \"hidden_size\": 8, \"num_hidden_layers\": 2, \"num_attention_heads\": 2, \"intermediate_size\": 12";

    @TempDir
    Path temp;

    private final PrintStream out = System.out;
    private final PrintStream err = System.err;
    private final ByteArrayOutputStream written = new ByteArrayOutputStream();

    @BeforeEach
    void capture() {
        System.setOut(new PrintStream(written, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(written, true, StandardCharsets.UTF_8));
    }

    @AfterEach
    void release() {
        System.setOut(out);
        System.setErr(err);
    }

    @Test
    void inspectListsAndAddsUp() {
        Path model = model("student", true, 1);
        assertRuns(0, "2,188 parameters", "checkpoint", "inspect", model.toString());
        assertTrue(text().contains("model.layers.1.self_attn.state.key.weight") && text().contains("[2, 4, 4]") && text().contains("of the teacher's) are additions"), text());
        assertRuns(0, "F32: 2,188 elements", "checkpoint", "inspect", model.resolve("model.safetensors").toString());
        assertRuns(1, "none does not exist", "checkpoint", "inspect", "none");
    }

    @Test
    void inspectFindsWhatIsNoModel() throws Exception {
        Path model = model("model", false, 1);
        String config = Files.readString(model.resolve("config.json"));
        for (String[] change : new String[][] {
            {"\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3", "has no tensor model.layers.2.input_layernorm.weight"},
            {"\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1", "holds tensor model.layers.1."},
            {"\"intermediate_size\": 12", "\"intermediate_size\": 13", "model.layers.0.mlp.gate_proj.weight with shape [12, 8], and config.json asks for [13, 8]"},
            {"\"qwen2\"", "\"llama\"", "model_type is \"llama\""}}) {
            assertTrue(config.contains(change[0]), config);
            Files.writeString(model.resolve("config.json"), config.replace(change[0], change[1]));
            assertRuns(1, change[2], "checkpoint", "inspect", model.toString());
        }
    }

    @Test
    void convertedThereAndBackIsTheSame() throws Exception {
        Path model = model("model", false, 1);
        Files.writeString(model.resolve("tokenizer_config.json"), "{}");
        assertRuns(0, "", "checkpoint", "convert", model.toString(), temp + "/bf16", "--dtype", "bf16", "--shard-size", "1kB");
        assertTrue(Files.exists(temp.resolve("bf16/model.safetensors.index.json")) && Files.exists(temp.resolve("bf16/tokenizer_config.json")));
        assertTrue(Files.readString(temp.resolve("bf16/config.json")).contains("\"torch_dtype\": \"bfloat16\""));
        assertRuns(1, "(F32, BF16)", "checkpoint", "diff", model.toString(), temp + "/bf16");
        assertRuns(0, "0 of 27 tensors differ by more than 0.004", "checkpoint", "diff", model.toString(), temp + "/bf16", "--tolerance", "0.004");
        assertRuns(0, "", "checkpoint", "convert", temp + "/bf16", temp + "/f32", "--dtype", "f32");
        assertRuns(0, "0 of 27 tensors differ by more than 0.0", "checkpoint", "diff", temp + "/bf16", temp + "/f32");
        assertRuns(0, "", "checkpoint", "convert", temp + "/f32", temp + "/again", "--dtype", "bf16");
        assertRuns(0, "", "checkpoint", "convert", temp + "/bf16", temp + "/one");
        assertEquals(-1, Files.mismatch(temp.resolve("one/model.safetensors"), temp.resolve("again/model.safetensors")));
        assertEquals(-1, Files.mismatch(temp.resolve("one/config.json"), temp.resolve("bf16/config.json")));
        assertRuns(1, "holds files already", "checkpoint", "convert", temp + "/one", temp + "/again");
        assertRuns(2, "5 apples is no size", "checkpoint", "convert", temp + "/one", temp + "/new", "--shard-size", "5 apples");
        assertRuns(2, "--dtype", "checkpoint", "convert", temp + "/one", temp + "/new", "--dtype", "i32");
    }

    @Test
    void diffNamesWhatIsMissing() {
        Path teacher = model("teacher", false, 1);
        assertRuns(1, "only in " + temp.resolve("student") + ": model.layers.0.self_attn.state.x_r", "checkpoint", "diff", teacher.toString(), model("student", true, 1).toString());
        assertRuns(1, "model.embed_tokens.weight: 1.", "checkpoint", "diff", teacher.toString(), model("other", false, 2).toString());
    }

    private Path model(String name, boolean stateHeads, long seed) {
        Parameters parameters = new Parameters(ModelConfig.of(JsonParser.parseString("{" + FIELDS + ", \"state_heads\": " + stateHeads
                + ", \"state_lora_rank\": 4}").getAsJsonObject()), Trainable.NONE);
        Initialization.all(parameters, seed);
        Checkpoint.save(temp.resolve(name), parameters, null);
        return temp.resolve(name);
    }

    private String text() {
        return written.toString(StandardCharsets.UTF_8);
    }

    private void assertRuns(int status, String part, String... args) {
        written.reset();
        assertEquals(status, Main.run(args), text());
        assertTrue(text().contains(part), text());
    }
}
