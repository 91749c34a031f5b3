package dev.wuneng.model.checkpoint;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes tensors as a safetensors file. The file appears under its name only when it is complete, so a run that is killed leaves the
 * previous one.
 */
public final class SafetensorsWriter {
    private final Map<String, OutgoingTensor> tensors = new LinkedHashMap<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();

    public SafetensorsWriter add(OutgoingTensor tensor) {
        tensors.put(tensor.name(), tensor);
        return this;
    }

    /** Adds a tensor of float32 in native order; the memory is read by {@link #write}. */
    public SafetensorsWriter add(String name, int[] shape, MemorySegment floats) {
        return add(OutgoingTensor.of(name, shape, floats, Dtype.F32));
    }

    /** Adds a free text to the header. */
    public SafetensorsWriter metadata(String key, String value) {
        metadata.put(key, value);
        return this;
    }

    /** Writes the file; tensors of wider elements come first, so that each begins at a multiple of its element's size. */
    public void write(Path file) throws IOException {
        List<OutgoingTensor> ordered = tensors.values().stream().sorted(Comparator.comparingInt(t -> -t.dtype().bytes())).toList();
        Path unfinished = file.resolveSibling(file.getFileName() + ".part");
        try (FileChannel channel = FileChannel.open(unfinished, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            writeFully(channel, header(ordered));
            for (OutgoingTensor tensor : ordered) {
                for (long first = 0; first < tensor.size(); first += Tensor.WINDOW) {
                    try (Arena arena = Arena.ofConfined()) {
                        writeFully(channel, tensor.elements(first, Math.min(Tensor.WINDOW, tensor.size() - first), arena).asByteBuffer());
                    }
                }
            }
            channel.force(true);
        }
        Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private ByteBuffer header(List<OutgoingTensor> ordered) {
        JsonObject json = new JsonObject();
        JsonObject texts = new JsonObject();
        texts.addProperty("format", "pt");
        metadata.forEach(texts::addProperty);
        json.add("__metadata__", texts);
        long at = 0;
        for (OutgoingTensor outgoing : ordered) {
            JsonObject tensor = new JsonObject();
            tensor.addProperty("dtype", outgoing.dtype().name());
            JsonArray shape = new JsonArray();
            for (int size : outgoing.shape()) {
                shape.add(size);
            }
            tensor.add("shape", shape);
            JsonArray range = new JsonArray();
            range.add(at);
            at += outgoing.bytes();
            range.add(at);
            tensor.add("data_offsets", range);
            json.add(outgoing.name(), tensor);
        }
        byte[] text = json.toString().getBytes(StandardCharsets.UTF_8);
        // Data begins at a multiple of eight bytes, as the format's own writer has it.
        int padded = (text.length + 7) / 8 * 8;
        ByteBuffer header = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN).putLong(padded).put(text);
        while (header.hasRemaining()) {
            header.put((byte) ' ');
        }
        return header.flip();
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
