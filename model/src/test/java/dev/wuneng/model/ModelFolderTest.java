package dev.wuneng.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonParser;
import dev.wuneng.model.checkpoint.Dtype;
import dev.wuneng.model.checkpoint.ModelWriter;
import dev.wuneng.model.checkpoint.OutgoingTensor;
import dev.wuneng.model.checkpoint.Tensor;
import dev.wuneng.model.checkpoint.TensorSource;
import dev.wuneng.model.parameter.Initialization;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.model.parameter.Trainable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ModelFolderTest {
    private static final Path STORIES = Path.of(System.getProperty("wuneng.shared", "../../shared")).resolve("real/stories260k");
    private static final String FIELDS = "\"vocab_size\": 16, \"hidden_size\": 8, \"num_hidden_layers\": 2, \"num_attention_heads\": 2, \"intermediate_size\": 12";

    @TempDir
    Path temp;

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16"})
    void shardsHoldWhatAFileHoldsInEveryDtype(Dtype dtype) throws IOException {
        Parameters parameters = parameters(true, false);
        Checkpoint.save(temp.resolve("one"), parameters, null, dtype, Long.MAX_VALUE);
        Checkpoint.save(temp.resolve("many"), parameters, null, dtype, 1000);
        assertTrue(files(temp.resolve("many")).size() > 5, files(temp.resolve("many")).toString());
        assertEquals(List.of("config.json", "model.safetensors"), files(temp.resolve("one")));
        Map<String, List<Float>> one = values(Checkpoint.open(temp.resolve("one")).load(Trainable.NONE));
        assertEquals(one, values(Checkpoint.open(temp.resolve("many")).load(Trainable.NONE)));
        if (dtype == Dtype.F32) {
            assertEquals(values(parameters), one);
        }
        assertTrue(Files.readString(temp.resolve("many/config.json")).contains("\"WuNengForCausalLM\""));
        assertTrue(Files.readString(temp.resolve("many/config.json")).contains("\"" + dtype.torchName() + "\""));
        // What was rounded once stays as it is.
        Checkpoint.save(temp.resolve("again"), Checkpoint.open(temp.resolve("many")).load(Trainable.NONE), null, dtype, Long.MAX_VALUE);
        assertEquals(-1, Files.mismatch(temp.resolve("one/model.safetensors"), temp.resolve("again/model.safetensors")));
    }

    @Test
    void aRealTeacherIsTheSameBytesAgain() {
        assumeTrue(Files.exists(STORIES), () -> "skipped: there is no " + STORIES.toAbsolutePath().normalize());
        Checkpoint teacher = Checkpoint.open(STORIES);
        Checkpoint.save(temp.resolve("again"), teacher.load(Trainable.NONE), teacher.tokenizer().orElseThrow(), Dtype.F32, 200_000);
        assertTrue(Files.exists(temp.resolve("again/tokenizer.json")) && Files.exists(temp.resolve("again/model.safetensors.index.json")));
        assertEquals(teacher.config(), Checkpoint.open(temp.resolve("again")).config());
        try (TensorSource before = TensorSource.open(STORIES); TensorSource after = TensorSource.open(temp.resolve("again"))) {
            assertEquals(before.tensors().stream().map(Tensor::name).sorted().toList(), after.tensors().stream().map(Tensor::name).sorted().toList());
            for (Tensor tensor : before.tensors()) {
                assertEquals(tensor.dtype(), after.get(tensor.name()).dtype());
                assertTrue(Arrays.equals(tensor.shape(), after.get(tensor.name()).shape()) && tensor.holdsSame(after.get(tensor.name())), tensor.name());
            }
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "../model-00001-of-00002.safetensors | which is not the name of a .safetensors file beside it",
        "/etc/passwd | which is not the name of a .safetensors file beside it",
        "model-00009-of-00002.safetensors | lacks the shard model-00009-of-00002.safetensors"})
    void theIndexLeadsNowhereElse(String file, String complaint) throws IOException {
        Path folder = sharded();
        String first = JsonParser.parseString(Files.readString(index(folder))).getAsJsonObject().getAsJsonObject("weight_map").get("model.norm.weight").getAsString();
        edit(index(folder), "\"model.norm.weight\": \"" + first, "\"model.norm.weight\": \"" + file);
        refused(folder, complaint);
    }

    @Test
    void anIndexAndItsShardsMustAgree() throws IOException {
        Path folder = sharded();
        String right = Files.readString(index(folder));
        edit(index(folder), "model.norm.weight", "model.other.weight");
        refused(folder, "promises tensor model.other.weight in");
        Files.writeString(index(folder), right.replaceFirst(" *\"model.norm.weight\": [^\n]*\n", "").replaceFirst(",(\\s*})", "$1"));
        refused(folder, "holds tensor model.norm.weight, and model.safetensors.index.json does not say so");
        Files.writeString(index(folder), right.replace("weight_map", "weights"));
        refused(folder, "has no weight_map");
        Files.writeString(index(folder), right.replaceFirst("(\"model.norm.weight\": [^\n]*)\n", "$1,\n$1\n").replace(",,", ","));
        refused(folder, "names tensor model.norm.weight twice");
        Files.writeString(index(folder), "[");
        refused(folder, "is not a JSON object with a weight_map");
        Files.writeString(index(folder), right);
        Files.copy(folder.resolve(files(folder).get(1)), folder.resolve("model-00013-of-00013.safetensors"));
        refused(folder, "holds the shard model-00013-of-00013.safetensors that");
        Files.move(folder.resolve("model-00013-of-00013.safetensors"), folder.resolve("model.safetensors"));
        refused(folder, "holds both model.safetensors and model.safetensors.index.json");
    }

    @Test
    void aTiedModelMayRepeatItsHead() throws IOException {
        Parameters parameters = parameters(false, true);
        float[] head = values(parameters, "model.embed_tokens.weight");
        saveWith(parameters, "lm_head.weight", new int[] {16, 8}, head);
        assertEquals(values(parameters), values(Checkpoint.open(temp).load(Trainable.NONE)));
        head[3]++;
        saveWith(parameters, "lm_head.weight", new int[] {16, 8}, head);
        refused(temp, "holds lm_head.weight with other values than model.embed_tokens.weight, and tie_word_embeddings");
        saveWith(parameters, "model.layers.0.self_attn.rotary_emb.inv_freq", new int[] {2}, new float[] {1, 2});
        assertEquals(values(parameters), values(Checkpoint.open(temp).load(Trainable.NONE)));
        saveWith(parameters, "model.layers.0.self_attn.q_norm.weight", new int[] {2}, new float[] {1, 2});
        refused(temp, "holds tensor model.layers.0.self_attn.q_norm.weight, which the model of config.json does not have");
        saveWith(parameters, "x", new int[] {2}, new float[] {1, 2});
        edit(temp.resolve("config.json"), "\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false");
        refused(temp, "has no tensor lm_head.weight: if the model's embedding is its head, set tie_word_embeddings");
    }

    @Test
    void theTokenizersFilesGoAlong() throws IOException {
        Path own = Files.writeString(Files.createDirectories(temp.resolve("from")).resolve("own.json"), "own");
        Files.writeString(temp.resolve("from/tokenizer_config.json"), "config");
        Files.writeString(temp.resolve("from/notes.txt"), "notes");
        Checkpoint.save(temp.resolve("to"), parameters(false, false), own);
        assertEquals(List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"), files(temp.resolve("to")));
        assertEquals("own", Files.readString(temp.resolve("to/tokenizer.json")));
    }

    @Test
    void whatCannotBeWrittenIsRefused() throws IOException {
        Path folder = sharded();
        assertTrue(assertThrows(ModelException.class, () -> Checkpoint.save(folder, parameters(false, false), null)).getMessage()
                .contains("holds weights already"));
        Files.createDirectories(temp.resolve("new"));
        OutgoingTensor large = OutgoingTensor.of("large", new int[] {1}, MemorySegment.ofArray(new float[] {70000}), Dtype.F16);
        assertTrue(assertThrows(ModelException.class, () -> ModelWriter.write(temp.resolve("new"), List.of(large), 10)).getMessage()
                .contains("tensor large holds a value that is not finite in F16"));
    }

    private Path sharded() {
        Path folder = temp.resolve("sharded");
        Checkpoint.save(folder, parameters(false, false), null, Dtype.F32, 500);
        return folder;
    }

    private void saveWith(Parameters parameters, String name, int[] shape, float[] values) throws IOException {
        Checkpoint.save(temp, parameters, null);
        List<OutgoingTensor> tensors = new ArrayList<>(parameters.outgoing(Dtype.F32));
        tensors.add(OutgoingTensor.of(name, shape, MemorySegment.ofArray(values), Dtype.F32));
        ModelWriter.write(temp, tensors, Long.MAX_VALUE);
    }

    private static Parameters parameters(boolean stateHeads, boolean tied) {
        Parameters parameters = new Parameters(ModelConfig.of(JsonParser.parseString("{" + FIELDS + ", \"state_heads\": " + stateHeads
                + ", \"tie_word_embeddings\": " + tied + "}").getAsJsonObject()), Trainable.NONE);
        Initialization.all(parameters, 1);
        return parameters;
    }

    private static Map<String, List<Float>> values(Parameters parameters) {
        Map<String, List<Float>> values = new TreeMap<>();
        parameters.forEach((name, floats) -> values.put(name, floats.elements(ValueLayout.JAVA_FLOAT).map(f -> f.get(ValueLayout.JAVA_FLOAT, 0)).toList()));
        return values;
    }

    private static float[] values(Parameters parameters, String wanted) {
        List<float[]> found = new ArrayList<>();
        parameters.forEach((name, floats) -> {
            if (name.equals(wanted)) {
                found.add(floats.toArray(ValueLayout.JAVA_FLOAT));
            }
        });
        return found.getFirst();
    }

    private static void refused(Path folder, String complaint) {
        ModelException refused = assertThrows(ModelException.class, () -> Checkpoint.open(folder).load(Trainable.NONE));
        assertTrue(refused.getMessage().contains(complaint) && refused.getMessage().contains(folder.toString()), refused.getMessage());
    }

    private static Path index(Path folder) {
        return folder.resolve("model.safetensors.index.json");
    }

    private static void edit(Path file, String from, String to) throws IOException {
        String text = Files.readString(file);
        assertTrue(text.contains(from), text);
        Files.writeString(file, text.replace(from, to));
    }

    private static List<String> files(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }
}
