package dev.wuneng.model;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.wuneng.model.checkpoint.Dtype;
import dev.wuneng.model.checkpoint.ModelWriter;
import dev.wuneng.model.checkpoint.OutgoingTensor;
import dev.wuneng.model.checkpoint.TensorSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Rewrites a model's folder in another dtype or in other shards, whatever model it is and however large: a window of it is in memory. */
public final class Conversion {
    private static final Gson GSON = new GsonBuilder().setPrettyPrinting().serializeNulls().disableHtmlEscaping().create();
    private static final String GENERATION = "generation_config.json";
    /** What a config.json calls the dtype, in former and in newer versions of Transformers. */
    private static final List<String> DTYPE_FIELDS = List.of("torch_dtype", "dtype");

    private Conversion() {
    }

    /**
     * Converts a folder, or the tensors of a file, into a new folder. The tokenizer's files and the configuration go along, the latter with the new
     * dtype in its place and nothing else changed.
     *
     * @param dtype F32, F16 or BF16 for all weights; null to leave every tensor in its own, byte for byte
     * @param shardBytes data a file at most
     */
    public static void convert(Path from, Path to, Dtype dtype, long shardBytes) {
        try (TensorSource source = TensorSource.open(from)) {
            Files.createDirectories(to);
            requireEmpty(to);
            ModelWriter.write(to, source.tensors().stream().map(t -> OutgoingTensor.of(t, dtype == null ? t.dtype() : dtype)).toList(), shardBytes);
            if (Files.isDirectory(from)) {
                for (String file : Checkpoint.TOKENIZER_FILES) {
                    copy(from, to, file);
                }
                copy(from, to, GENERATION);
                copyConfig(from.resolve(Checkpoint.CONFIG), to.resolve(Checkpoint.CONFIG), dtype);
            }
        } catch (IOException e) {
            throw new ModelException("the model cannot be written to " + to + " (" + e.getMessage() + "): check the folder and the free space", e);
        }
    }

    private static void requireEmpty(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            if (files.findAny().isPresent()) {
                throw new ModelException(folder + " holds files already: name a new folder");
            }
        }
    }

    private static void copy(Path from, Path to, String file) throws IOException {
        if (Files.exists(from.resolve(file))) {
            Files.copy(from.resolve(file), to.resolve(file));
        }
    }

    private static void copyConfig(Path from, Path to, Dtype dtype) throws IOException {
        if (!Files.exists(from)) {
            return;
        }
        if (dtype == null) {
            Files.copy(from, to);
            return;
        }
        JsonObject json;
        try {
            json = JsonParser.parseString(Files.readString(from)).getAsJsonObject();
        } catch (JsonParseException | IllegalStateException e) {
            throw new ModelException(from + " is not a JSON object: copy it again from where the model comes from", e);
        }
        json.addProperty(DTYPE_FIELDS.stream().filter(json::has).findFirst().orElse(DTYPE_FIELDS.getFirst()), dtype.torchName());
        Files.writeString(to, GSON.toJson(json) + "\n");
    }
}
