package dev.wuneng.model.checkpoint;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;

/** An open safetensors file. {@link SafetensorsHeader} tells the format and what is checked. */
public final class Safetensors implements TensorSource {
    private final ByteSource source;
    private final SafetensorsHeader header;

    private Safetensors(ByteSource source) {
        this.source = source;
        try {
            header = SafetensorsHeader.read(source);
        } catch (RuntimeException e) {
            source.close();
            throw e;
        }
    }

    /** Opens a file and checks its header. */
    public static Safetensors open(Path file) {
        return new Safetensors(ByteSource.open(file));
    }

    /** A file whose bytes are in memory, under the name that messages shall give it. */
    static Safetensors of(Path name, MemorySegment bytes) {
        return new Safetensors(new ByteSource.InMemory(name, bytes));
    }

    @Override
    public Path file() {
        return source.file();
    }

    @Override
    public Collection<Tensor> tensors() {
        return header.tensors().values();
    }

    @Override
    public boolean has(String name) {
        return header.tensors().containsKey(name);
    }

    @Override
    public Tensor get(String name) {
        Tensor tensor = header.tensors().get(name);
        if (tensor == null) {
            throw TensorSource.missing(file(), name);
        }
        return tensor;
    }

    /** The free texts of the header. */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    @Override
    public void close() {
        source.close();
    }
}
