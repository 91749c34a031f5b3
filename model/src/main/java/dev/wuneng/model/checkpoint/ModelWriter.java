package dev.wuneng.model.checkpoint;

import dev.wuneng.model.ModelException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes the weights of a folder in Hugging Face's layout, as {@link ModelFiles} reads them. */
public final class ModelWriter {
    /** The size of shard that Hugging Face's own programs write. */
    public static final long SHARD_BYTES = 5_000_000_000L;

    private ModelWriter() {
    }

    /**
     * Writes tensors in their order: one file if they fit, else shards and last the index. A single file replaces the one before in one step; shards cannot
     * do that, so they, and what would stand beside them, are written to a folder without weights only.
     *
     * @param shardBytes data a file at most; a larger tensor has one for itself
     */
    public static void write(Path folder, List<OutgoingTensor> tensors, long shardBytes) throws IOException {
        List<List<OutgoingTensor>> shards = split(tensors, shardBytes);
        List<String> present = ModelFiles.in(folder);
        if (!present.isEmpty() && (shards.size() > 1 || !present.equals(List.of(ModelFiles.WHOLE)))) {
            throw new ModelException(folder + " holds weights already (" + present.getFirst() + "): write to a new folder");
        }
        if (shards.size() == 1) {
            write(folder.resolve(ModelFiles.WHOLE), tensors);
            return;
        }
        Map<String, String> files = new LinkedHashMap<>();
        for (int i = 0; i < shards.size(); i++) {
            String file = "model-%05d-of-%05d.safetensors".formatted(i + 1, shards.size());
            shards.get(i).forEach(tensor -> files.put(tensor.name(), file));
            write(folder.resolve(file), shards.get(i));
        }
        new ShardIndex(files).write(folder.resolve(ModelFiles.INDEX), tensors.stream().mapToLong(OutgoingTensor::bytes).sum());
    }

    private static List<List<OutgoingTensor>> split(List<OutgoingTensor> tensors, long shardBytes) {
        List<List<OutgoingTensor>> shards = new ArrayList<>(List.of(new ArrayList<>()));
        long filled = 0;
        for (OutgoingTensor tensor : tensors) {
            if (filled > 0 && filled + tensor.bytes() > shardBytes) {
                shards.add(new ArrayList<>());
                filled = 0;
            }
            shards.getLast().add(tensor);
            filled += tensor.bytes();
        }
        return shards;
    }

    private static void write(Path file, List<OutgoingTensor> tensors) throws IOException {
        SafetensorsWriter writer = new SafetensorsWriter();
        tensors.forEach(writer::add);
        writer.write(file);
    }
}
