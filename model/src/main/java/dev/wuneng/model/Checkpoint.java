package dev.wuneng.model;

import dev.wuneng.model.checkpoint.Dtype;
import dev.wuneng.model.checkpoint.ModelWriter;
import dev.wuneng.model.checkpoint.Tensor;
import dev.wuneng.model.checkpoint.TensorSource;
import dev.wuneng.model.parameter.Frozen;
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
import java.util.stream.Stream;

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

    /** The parameters of the model, those that match ready to train; what is frozen stays in the precision of the files. */
    public Parameters load(Trainable trainable) {
        Parameters parameters = layOut(trainable, null);
        fill(parameters);
        return parameters;
    }

    /**
     * Where the parameters of the model will stand, with nothing allocated yet.
     *
     * @param frozen the dtype of frozen matrices in memory; null to keep that of the files
     */
    public Parameters layOut(Trainable trainable, Dtype frozen) {
        try (TensorSource weights = TensorSource.open(folder)) {
            check(weights);
            return new Parameters(config, trainable, new Frozen(spec -> dtype(weights, spec, frozen), null, spec -> false));
        }
    }

    /** The same for a student, which takes from its teacher's parameters those that neither trains and that both folders have alike. */
    public Parameters layOut(Trainable trainable, Dtype frozen, Checkpoint teacher, Parameters teachers) {
        try (TensorSource weights = TensorSource.open(folder); TensorSource theirs = TensorSource.open(teacher.folder)) {
            check(weights);
            return new Parameters(config, trainable, new Frozen(spec -> dtype(weights, spec, frozen), teachers,
                    spec -> names(spec).allMatch(name -> weights.get(name).holdsSame(theirs.get(name)))));
        }
    }

    /** Reads the values. Each tensor goes from the file into its place with nothing but a window of it in between. */
    public void fill(Parameters parameters) {
        try (TensorSource weights = TensorSource.open(folder)) {
            parameters.load(weights, "", true);
        }
    }

    private Dtype dtype(TensorSource weights, ParameterSpec spec, Dtype frozen) {
        if (frozen != null) {
            return spec.isFrameMatrix() ? frozen : Dtype.F32;
        }
        List<Dtype> all = names(spec).map(name -> weights.get(name).dtype()).distinct().toList();
        return all.size() == 1 && all.getFirst().stored().isHalf() ? all.getFirst() : Dtype.F32;
    }

    private Stream<String> names(ParameterSpec spec) {
        return IntStream.range(0, spec.perLayer() ? config.numHiddenLayers() : 1).mapToObj(spec::name);
    }

    /** Refuses weights that are not those of the configuration: a tensor that is missing, too much, or of another shape. */
    public void check(TensorSource weights) {
        checkHead(weights);
        Set<String> known = new HashSet<>(Set.of(HEAD));
        for (ParameterSpec spec : ParameterSpec.of(config)) {
            names(spec).forEach(name -> {
                spec.requireShape(weights.get(name));
                known.add(name);
            });
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
            if (!head.holdsSame(weights.get(EMBEDDING))) {
                throw new ModelException(head.file() + " holds " + HEAD + " with other values than " + EMBEDDING + ", and tie_word_embeddings in "
                        + folder.resolve(CONFIG) + " says that they are one: set it to false");
            }
        }
    }

    public Optional<Path> tokenizer() {
        return Optional.of(folder.resolve(TOKENIZER)).filter(Files::exists);
    }

    /** Writes a model so that no value changes, what is frozen in the dtype in which it came; in shards of the usual size if it needs any. */
    public static void save(Path folder, Parameters parameters, Path tokenizer) {
        save(folder, parameters, tokenizer, null, ModelWriter.SHARD_BYTES);
    }

    /**
     * Writes a model, its folder made if needed. Each file appears under its name only when it is complete, so a model that was in the
     * folder before, with the same configuration, stays usable whenever the writing is cut off.
     *
     * @param tokenizer a tokenizer.json to copy along with the files beside it that belong to it, null where there is none
     * @param dtype F32, F16 or BF16; null to change no value
     * @param shardBytes data a file at most
     */
    public static void save(Path folder, Parameters parameters, Path tokenizer, Dtype dtype, long shardBytes) {
        try {
            Files.createDirectories(folder);
            Path config = folder.resolve(CONFIG + ".part");
            parameters.config().write(config, dtype == null ? parameters.dtype() : dtype);
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
