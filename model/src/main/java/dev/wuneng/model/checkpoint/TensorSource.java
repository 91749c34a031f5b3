package dev.wuneng.model.checkpoint;

import dev.wuneng.model.ModelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;

/** Tensors by name: those of one safetensors file, or those of a folder whose shards hold a model together. */
public interface TensorSource extends AutoCloseable {

    /** Opens a safetensors file, or the weights of a folder in Hugging Face's layout. */
    static TensorSource open(Path path) {
        return Files.isDirectory(path) ? ModelFiles.open(path) : Safetensors.open(path);
    }

    /** The file or the folder, for messages. */
    Path file();

    Collection<Tensor> tensors();

    boolean has(String name);

    /** A tensor by name; a missing one is an error. */
    Tensor get(String name);

    @Override
    void close();

    /** The error of {@link #get}. */
    static ModelException missing(Path file, String name) {
        return new ModelException(file + " has no tensor " + name + ": it is not a checkpoint of this model, or not a complete one");
    }
}
