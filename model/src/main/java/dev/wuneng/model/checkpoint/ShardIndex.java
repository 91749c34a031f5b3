package dev.wuneng.model.checkpoint;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import dev.wuneng.model.ModelException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * {@code model.safetensors.index.json}: {@code {"metadata": {"total_size": BYTES}, "weight_map": {"TENSOR": "FILE", …}}}. Only the map counts; the
 * total is written for other programs, and not believed, since the folders of some publishers have a wrong one.
 *
 * @param files the file of every tensor, plain names beside the index
 */
record ShardIndex(Map<String, String> files) {

    /** Reads an index. A file name that could lead out of the folder is refused. */
    static ShardIndex read(Path file) {
        Map<String, String> files = null;
        try (BufferedReader text = Files.newBufferedReader(file); JsonReader reader = new JsonReader(text)) {
            reader.setStrictness(Strictness.STRICT);
            reader.beginObject();
            while (reader.hasNext()) {
                if (!reader.nextName().equals("weight_map")) {
                    reader.skipValue();
                } else if (files != null) {
                    throw wrong(file, "has two weight_map");
                } else {
                    files = readMap(file, reader);
                }
            }
            reader.endObject();
            if (reader.peek() != JsonToken.END_DOCUMENT) {
                throw wrong(file, "has text behind its JSON");
            }
        } catch (IOException | IllegalStateException e) {
            throw wrong(file, "is not a JSON object with a weight_map from tensors to files");
        }
        if (files == null || files.isEmpty()) {
            throw wrong(file, "has no weight_map, or an empty one");
        }
        return new ShardIndex(files);
    }

    private static Map<String, String> readMap(Path file, JsonReader reader) throws IOException {
        Map<String, String> files = new LinkedHashMap<>();
        reader.beginObject();
        while (reader.hasNext()) {
            String tensor = reader.nextName();
            String shard = reader.nextString();
            // Letters that no file name of a model needs are what a path is made of.
            if (!shard.matches("[A-Za-z0-9_][A-Za-z0-9_.-]*\\.safetensors")) {
                throw wrong(file, "places tensor " + SafetensorsHeader.shown(tensor) + " in \"" + SafetensorsHeader.shown(shard)
                        + "\", which is not the name of a .safetensors file beside it");
            }
            if (files.put(tensor, shard) != null) {
                throw wrong(file, "names tensor " + SafetensorsHeader.shown(tensor) + " twice in its weight_map");
            }
        }
        reader.endObject();
        return files;
    }

    private static ModelException wrong(Path file, String how) {
        return new ModelException(file + " " + how + ": fetch it again from where the model comes from");
    }

    /** Writes an index beside the shards. */
    void write(Path file, long totalBytes) throws IOException {
        JsonObject metadata = new JsonObject();
        metadata.addProperty("total_size", totalBytes);
        JsonObject map = new JsonObject();
        files.forEach(map::addProperty);
        JsonObject json = new JsonObject();
        json.add("metadata", metadata);
        json.add("weight_map", map);
        Files.writeString(file, new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(json) + "\n");
    }
}
