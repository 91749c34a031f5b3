package dev.wuneng.training.run;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import dev.wuneng.training.Losses;
import dev.wuneng.training.Trainer;
import dev.wuneng.training.TrainingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The numbers of a run, one JSON object a line: a line a step, and one for each evaluation. */
final class Metrics {
    private static final Gson GSON = new GsonBuilder().serializeNulls().create();

    private final Path file;

    private Metrics(Path file) {
        this.file = file;
    }

    /** Goes on after a step: what a run that was killed wrote of later ones is dropped, for they are taken again. */
    static Metrics after(long step, Path file) {
        try {
            List<String> kept = new ArrayList<>();
            if (Files.exists(file)) {
                for (String line : Files.readAllLines(file)) {
                    if (isUpTo(step, line)) {
                        kept.add(line);
                    }
                }
            }
            Files.write(file, kept);
        } catch (IOException e) {
            throw unwritable(file, e);
        }
        return new Metrics(file);
    }

    private static boolean isUpTo(long step, String line) {
        try {
            return JsonParser.parseString(line).getAsJsonObject().get("step").getAsLong() <= step;
        } catch (JsonParseException | IllegalStateException | NullPointerException cutOff) {
            return false;
        }
    }

    /** @param waited seconds that the run has waited for data so far */
    void step(Trainer.Step step, double seconds, double waited) {
        JsonObject json = new JsonObject();
        json.addProperty("step", step.number());
        addAll(json, step.losses());
        add(json, "learning_rate", step.learningRate());
        add(json, "gradient_norm", step.gradientNorm());
        add(json, "tokens_per_second", step.tokens() / seconds);
        add(json, "padding_share", step.paddingShare());
        add(json, "seconds", seconds);
        add(json, "data_seconds_waited", waited);
        append(json);
    }

    void evaluation(long step, Optional<String> file, Losses losses) {
        JsonObject json = new JsonObject();
        json.addProperty("step", step);
        file.ifPresent(name -> json.addProperty("file", name));
        JsonObject heldOut = new JsonObject();
        addAll(heldOut, losses);
        json.add("held_out", heldOut);
        append(json);
    }

    private static void addAll(JsonObject json, Losses losses) {
        losses.means().forEach((name, mean) -> add(json, name, mean));
    }

    /** JSON has no word for what is not finite. */
    private static void add(JsonObject json, String name, double value) {
        json.add(name, Double.isFinite(value) ? new JsonPrimitive(value) : JsonNull.INSTANCE);
    }

    private void append(JsonObject json) {
        try {
            Files.writeString(file, GSON.toJson(json) + "\n", StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    private static TrainingException unwritable(Path file, IOException cause) {
        return new TrainingException(file + " cannot be written (" + cause.getMessage() + "): check the folder and the free space", cause);
    }
}
