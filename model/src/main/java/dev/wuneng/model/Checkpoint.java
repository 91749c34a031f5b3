package dev.wuneng.model;

import dev.wuneng.model.checkpoint.Safetensors;
import dev.wuneng.model.checkpoint.SafetensorsWriter;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.model.parameter.Trainable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/** A model's folder in Hugging Face's layout: {@code config.json}, {@code model.safetensors} and, mostly, {@code tokenizer.json}. */
public record Checkpoint(Path folder, ModelConfig config) {
    private static final String CONFIG = "config.json";
    private static final String WEIGHTS = "model.safetensors";
    private static final String TOKENIZER = "tokenizer.json";

    /** Reads the configuration; the weights wait for {@link #load}. */
    public static Checkpoint open(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new ModelException(folder + " is not a folder: give that of a model, with its config.json and model.safetensors");
        }
        return new Checkpoint(folder, ModelConfig.read(folder.resolve(CONFIG)));
    }

    /** The parameters of the model, those that match ready to train. */
    public Parameters load(Trainable trainable) {
        Parameters parameters = new Parameters(config, trainable);
        try (Safetensors weights = Safetensors.open(folder.resolve(WEIGHTS))) {
            parameters.load(weights, "", true);
        }
        return parameters;
    }

    public Optional<Path> tokenizer() {
        return Optional.of(folder.resolve(TOKENIZER)).filter(Files::exists);
    }

    /**
     * Writes a model, its folder made if needed. Each file appears under its name only when it is complete, so a model that was in the
     * folder before, with the same configuration, stays usable whenever the writing is cut off.
     *
     * @param tokenizer a file to copy along, null where there is none
     */
    public static void save(Path folder, Parameters parameters, Path tokenizer) {
        try {
            Files.createDirectories(folder);
            Path config = folder.resolve(CONFIG + ".part");
            parameters.config().write(config);
            moveInto(config, folder.resolve(CONFIG));
            if (tokenizer != null) {
                Path copy = folder.resolve(TOKENIZER + ".part");
                Files.copy(tokenizer, copy, StandardCopyOption.REPLACE_EXISTING);
                moveInto(copy, folder.resolve(TOKENIZER));
            }
            SafetensorsWriter weights = new SafetensorsWriter();
            parameters.save(weights);
            weights.write(folder.resolve(WEIGHTS));
        } catch (IOException e) {
            throw new ModelException("the model cannot be written to " + folder + " (" + e.getMessage() + "): check the folder and the free space", e);
        }
    }

    private static void moveInto(Path part, Path file) throws IOException {
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
