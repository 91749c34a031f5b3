package dev.wuneng.cli.bench;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.ModelException;
import dev.wuneng.training.config.ConfigException;
import dev.wuneng.training.config.RunConfigs;
import dev.wuneng.training.config.Schema;
import java.nio.file.Path;
import java.util.List;

/** A model and the batch it is measured with, as {@code bench/nano.json} has them: the fields of a model's config.json, rows and length. */
record ModelShape(JsonObject model, ModelConfig config, int rows, int length) {
    /** What stands in the file beside the fields of config.json. */
    private record Shape(int rows, int length) {
    }

    private static final Schema SCHEMA = new Schema().add("", ModelConfig.class).add("", Shape.class);

    static ModelShape read(Path file, List<String> settings) {
        JsonObject json = RunConfigs.object(file);
        SCHEMA.check(json, file.toString());
        RunConfigs.set(json, settings, SCHEMA);
        int rows = size(json, "rows", file);
        int length = size(json, "length", file);
        try {
            return new ModelShape(json, ModelConfig.of(json), rows, length);
        } catch (ModelException e) {
            throw new ConfigException(file + ": " + e.getMessage(), e);
        }
    }

    private static int size(JsonObject json, String key, Path file) {
        JsonElement value = json.remove(key);
        if (value == null || value.getAsInt() < 1) {
            throw new ConfigException(file + ": " + key + " is " + (value == null ? "missing" : value) + ", and must be 1 or more");
        }
        return value.getAsInt();
    }
}
