package dev.wuneng.training.config;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.wuneng.model.ModelConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Reads and writes run configurations: the defaults of a stage, over them a file, over that what the command line sets. */
public final class RunConfigs {
    private static final Gson GSON = new GsonBuilder().setFieldNamingPolicy(Schema.NAMES).setPrettyPrinting().disableHtmlEscaping().create();
    private static final Schema SCHEMA = new Schema().add("", RunConfig.class).add("model.", ModelConfig.class);

    private RunConfigs() {
    }

    /**
     * Reads a configuration and checks it.
     *
     * @param file a {@code run.json}; null where all of it is set
     * @param settings {@code key=value}, a dot for each block: {@code learning_rate.start=3e-4}
     */
    public static RunConfig read(Stage stage, Path file, List<String> settings) {
        JsonObject json = tree(RunConfig.defaults(stage));
        if (file != null) {
            JsonObject given = object(file);
            SCHEMA.check(given, file.toString());
            if (given.has("stage") && !given.get("stage").getAsString().equals(stage.toString())) {
                throw new ConfigException(file + ": stage is " + given.get("stage") + ", and the command is train " + stage
                        + ": use the other command or file");
            }
            merge(json, given);
        }
        set(json, settings, SCHEMA);
        RunConfig config = GSON.fromJson(json, RunConfig.class);
        RunConfigChecks.check(config, file == null ? "the settings" : file.toString());
        return config;
    }

    /** All keys with the defaults of a stage, as text; null is what has none. */
    public static String defaults(Stage stage) {
        return GSON.newBuilder().serializeNulls().create().toJson(RunConfig.defaults(stage));
    }

    /** A configuration as JSON, complete: reading it gives the same. */
    public static JsonObject tree(RunConfig config) {
        return JsonParser.parseString(GSON.toJson(config)).getAsJsonObject();
    }

    /** A configuration as text. */
    public static String json(RunConfig config) {
        return GSON.toJson(config) + "\n";
    }

    /** Parses a file that holds one JSON object. */
    public static JsonObject object(Path file) {
        try {
            return JsonParser.parseString(Files.readString(file)).getAsJsonObject();
        } catch (IOException e) {
            throw new ConfigException(file + " cannot be read: give the path of a configuration", e);
        } catch (JsonParseException | IllegalStateException e) {
            String where = String.valueOf(e.getMessage()).lines().findFirst().orElse("check its braces and quotes");
            throw new ConfigException(file + " is not a JSON object: " + where, e);
        }
    }

    /** Puts settings {@code key=value} into place. */
    public static void set(JsonObject json, List<String> settings, Schema schema) {
        for (String setting : settings) {
            int sign = setting.indexOf('=');
            if (sign < 1) {
                throw new ConfigException("--set " + setting + ": write key=value, such as learning_rate.start=3e-4");
            }
            String key = setting.substring(0, sign).strip();
            JsonElement value = schema.parse(key, setting.substring(sign + 1).strip(), "--set");
            JsonObject block = json;
            String[] path = key.split("\\.");
            for (int i = 0; i < path.length - 1; i++) {
                if (!block.has(path[i])) {
                    block.add(path[i], new JsonObject());
                }
                block = block.getAsJsonObject(path[i]);
            }
            block.add(path[path.length - 1], value);
        }
        schema.check(json, "--set");
    }

    private static void merge(JsonObject into, JsonObject from) {
        for (Map.Entry<String, JsonElement> entry : from.entrySet()) {
            if (entry.getValue().isJsonObject() && into.has(entry.getKey())) {
                merge(into.getAsJsonObject(entry.getKey()), entry.getValue().getAsJsonObject());
            } else {
                into.add(entry.getKey(), entry.getValue());
            }
        }
    }
}
