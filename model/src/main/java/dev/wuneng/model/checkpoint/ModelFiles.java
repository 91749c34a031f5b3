package dev.wuneng.model.checkpoint;

import dev.wuneng.model.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * The weights of a folder in Hugging Face's layout: {@code model.safetensors}, or {@code model.safetensors.index.json} and the shards that it
 * names. The index and the shards must agree tensor by tensor, in both directions, before anything is read.
 */
public final class ModelFiles implements TensorSource {
    static final String WHOLE = "model.safetensors";
    static final String INDEX = WHOLE + ".index.json";
    private static final String SHARD = "model-\\d+-of-\\d+\\.safetensors";

    private final Path folder;
    private final Map<String, Safetensors> shards = new LinkedHashMap<>();
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();

    private ModelFiles(Path folder) {
        this.folder = folder;
    }

    /** Opens all files of a folder's weights and checks that they are complete. */
    static ModelFiles open(Path folder) {
        Path index = folder.resolve(INDEX);
        Path whole = folder.resolve(WHOLE);
        if (Files.exists(index) && Files.exists(whole)) {
            throw new ModelException(folder + " holds both " + WHOLE + " and " + INDEX + ": remove the one that is out of date");
        }
        if (!Files.exists(index) && !Files.exists(whole)) {
            throw new ModelException(folder + " holds neither " + WHOLE + " nor " + INDEX + ": give the folder of a model, as it is downloaded");
        }
        ModelFiles files = new ModelFiles(folder);
        try {
            if (Files.exists(index)) {
                files.openShards(ShardIndex.read(index));
            } else {
                files.open(WHOLE);
            }
        } catch (RuntimeException e) {
            files.close();
            throw e;
        }
        return files;
    }

    /** The names of the files in a folder that hold weights in this layout, or would be taken for some. */
    static List<String> in(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString()).filter(f -> f.equals(WHOLE) || f.equals(INDEX) || f.matches(SHARD)).sorted().toList();
        }
    }

    private void openShards(ShardIndex index) {
        for (String shard : new TreeSet<>(index.files().values())) {
            if (!Files.exists(folder.resolve(shard))) {
                throw new ModelException(folder + " lacks the shard " + shard + " that " + INDEX + " names: fetch the folder again, completely");
            }
            open(shard);
        }
        index.files().forEach((name, shard) -> {
            if (!shards.get(shard).has(name)) {
                throw new ModelException(folder.resolve(INDEX) + " promises tensor " + name + " in " + shard
                        + ", and it is not there: fetch the index and the shards again, of one version");
            }
        });
        shards.forEach((shard, file) -> file.tensors().forEach(tensor -> {
            if (!shard.equals(index.files().get(tensor.name()))) {
                throw new ModelException(folder.resolve(shard) + " holds tensor " + tensor.name() + ", and " + INDEX
                        + " does not say so: fetch the index and the shards again, of one version");
            }
        }));
        try {
            for (String file : in(folder)) {
                if (!file.equals(INDEX) && !shards.containsKey(file)) {
                    throw new ModelException(folder + " holds the shard " + file + " that " + INDEX + " does not name: remove it, or fetch the index again");
                }
            }
        } catch (IOException e) {
            throw new ModelException(folder + " cannot be listed (" + e.getMessage() + "): check the folder", e);
        }
    }

    private void open(String name) {
        Safetensors file = Safetensors.open(folder.resolve(name));
        shards.put(name, file);
        file.tensors().forEach(tensor -> tensors.put(tensor.name(), tensor));
    }

    @Override
    public Path file() {
        return folder;
    }

    @Override
    public Collection<Tensor> tensors() {
        return tensors.values();
    }

    @Override
    public boolean has(String name) {
        return tensors.containsKey(name);
    }

    @Override
    public Tensor get(String name) {
        Tensor tensor = tensors.get(name);
        if (tensor == null) {
            throw TensorSource.missing(folder, name);
        }
        return tensor;
    }

    @Override
    public void close() {
        shards.values().forEach(Safetensors::close);
    }
}
