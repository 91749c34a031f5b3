package dev.wuneng.model;

import dev.wuneng.model.checkpoint.Dtype;
import dev.wuneng.model.checkpoint.ModelWriter;
import dev.wuneng.model.checkpoint.Tensor;
import dev.wuneng.model.checkpoint.TensorSource;
import dev.wuneng.model.parameter.ParameterSpec;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.model.parameter.Trainable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * A model's folder in Hugging Face's layout, as it is downloaded: {@code config.json}, the weights in {@code model.safetensors} or in shards
 * with an index, in F32, F16 or BF16, and, mostly, the files of its tokenizer.
 */
public record Checkpoint(Path folder, ModelConfig config) {
    private static final String TOKENIZER = "tokenizer.json";
    /** What belongs to a tokenizer and goes where its model goes. */
    public static final List<String> TOKENIZER_FILES = List.of(TOKENIZER, "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
            "vocab.json", "merges.txt", "chat_template.jinja");
    public static final String CONFIG = "config.json";

    private static final String EMBEDDING = "model.embed_tokens.weight";
    private static final String HEAD = "lm_head.weight";
    /** A table that folders of old versions store, and that follows from rope_theta. */
    private static final String ROTARY_TABLE = ".rotary_emb.inv_freq";

    /** Reads the configuration; the weights wait for {@link #load}. */
    public static Checkpoint open(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new ModelException(folder + " is not a folder: give that of a model, with its config.json and model.safetensors");
        }
        return new Checkpoint(folder, ModelConfig.read(folder.resolve(CONFIG)));
    }

    /**
     * The parameters of the model, those that match ready to train. Each tensor goes from the file into its place with nothing but a window of
     * it in between. A tensor that the model lacks is refused: it would have belonged to another one.
     */
    public Parameters load(Trainable trainable) {
        try (TensorSource weights = TensorSource.open(folder)) {
            checkHead(weights);
            checkKnown(weights);
            Parameters parameters = new Parameters(config, trainable);
            parameters.load(weights, "", true);
            return parameters;
        }
    }

    private void checkKnown(TensorSource weights) {
        Set<String> known = new HashSet<>(Set.of(HEAD));
        for (ParameterSpec spec : ParameterSpec.of(config)) {
            IntStream.range(0, spec.perLayer() ? config.numHiddenLayers() : 1).mapToObj(spec::name).forEach(known::add);
        }
        for (Tensor tensor : weights.tensors()) {
            if (!known.contains(tensor.name()) && !tensor.name().endsWith(ROTARY_TABLE)) {
                throw new ModelException(tensor.file() + " holds tensor " + tensor.name() + ", which the model of " + CONFIG
                        + " does not have: use the config.json that belongs to it");
            }
        }
    }

    private void checkHead(TensorSource weights) {
        if (!config.tieWordEmbeddings()) {
            if (!weights.has(HEAD)) {
                throw new ModelException(folder + " has no tensor " + HEAD + ": if the model's embedding is its head, set tie_word_embeddings in " + CONFIG);
            }
        } else if (weights.has(HEAD)) {
            Tensor head = weights.get(HEAD);
            if (head.size() != weights.get(EMBEDDING).size() || !head.holdsSame(weights.get(EMBEDDING))) {
                throw new ModelException(head.file() + " holds " + HEAD + " with other values than " + EMBEDDING + ", and tie_word_embeddings in "
                        + folder.resolve(CONFIG) + " says that they are one: set it to false");
            }
        }
    }

    public Optional<Path> tokenizer() {
        return Optional.of(folder.resolve(TOKENIZER)).filter(Files::exists);
    }

    /** Writes a model in float32, in shards of the usual size if it needs any. */
    public static void save(Path folder, Parameters parameters, Path tokenizer) {
        save(folder, parameters, tokenizer, Dtype.F32, ModelWriter.SHARD_BYTES);
    }

    /**
     * Writes a model, its folder made if needed. Each file appears under its name only when it is complete, so a model that was in the
     * folder before, with the same configuration, stays usable whenever the writing is cut off.
     *
     * @param tokenizer a tokenizer.json to copy along with the files beside it that belong to it, null where there is none
     * @param dtype F32, F16 or BF16
     * @param shardBytes data a file at most
     */
    public static void save(Path folder, Parameters parameters, Path tokenizer, Dtype dtype, long shardBytes) {
        try {
            Files.createDirectories(folder);
            Path config = folder.resolve(CONFIG + ".part");
            parameters.config().write(config, dtype);
            moveInto(config, folder.resolve(CONFIG));
            if (tokenizer != null) {
                for (String file : TOKENIZER_FILES) {
                    Path from = file.equals(TOKENIZER) ? tokenizer : tokenizer.resolveSibling(file);
                    if (file.equals(TOKENIZER) || Files.exists(from)) {
                        carry(from, folder.resolve(file));
                    }
                }
            }
            ModelWriter.write(folder, parameters.outgoing(dtype), shardBytes);
        } catch (IOException e) {
            throw new ModelException("the model cannot be written to " + folder + " (" + e.getMessage() + "): check the folder and the free space", e);
        }
    }

    private static void carry(Path from, Path to) throws IOException {
        Path part = to.resolveSibling(to.getFileName() + ".part");
        Files.copy(from, part, StandardCopyOption.REPLACE_EXISTING);
        moveInto(part, to);
    }

    private static void moveInto(Path part, Path file) throws IOException {
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
