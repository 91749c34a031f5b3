package dev.wuneng.model.checkpoint;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Writes float32 tensors as a safetensors file. The file appears under its name only when it is complete, so a run that is killed leaves the
 * previous one.
 */
public final class SafetensorsWriter {
    private record Entry(int[] shape, MemorySegment floats) {
    }

    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();

    /** Adds a tensor of float32 in native order; the memory is read by {@link #write}. */
    public SafetensorsWriter add(String name, int[] shape, MemorySegment floats) {
        entries.put(name, new Entry(shape, floats));
        return this;
    }

    /** Adds a free text to the header. */
    public SafetensorsWriter metadata(String key, String value) {
        metadata.put(key, value);
        return this;
    }

    public void write(Path file) throws IOException {
        Path unfinished = file.resolveSibling(file.getFileName() + ".part");
        try (FileChannel channel = FileChannel.open(unfinished, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            writeFully(channel, header());
            for (Entry entry : entries.values()) {
                long size = entry.floats.byteSize();
                long chunk = 1 << 28;
                for (long at = 0; at < size; at += chunk) {
                    writeFully(channel, littleEndian(entry.floats.asSlice(at, Math.min(chunk, size - at))));
                }
            }
            channel.force(true);
        }
        Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private ByteBuffer header() {
        JsonObject json = new JsonObject();
        JsonObject texts = new JsonObject();
        texts.addProperty("format", "pt");
        metadata.forEach(texts::addProperty);
        json.add("__metadata__", texts);
        long at = 0;
        for (Map.Entry<String, Entry> named : entries.entrySet()) {
            JsonObject tensor = new JsonObject();
            tensor.addProperty("dtype", Dtype.F32.name());
            JsonArray shape = new JsonArray();
            for (int size : named.getValue().shape) {
                shape.add(size);
            }
            tensor.add("shape", shape);
            JsonArray range = new JsonArray();
            range.add(at);
            at += named.getValue().floats.byteSize();
            range.add(at);
            tensor.add("data_offsets", range);
            json.add(named.getKey(), tensor);
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

    private static ByteBuffer littleEndian(MemorySegment floats) {
        if (floats.isNative() && ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN) {
            return floats.asByteBuffer();
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) floats.byteSize());
        MemorySegment.copy(floats, ValueLayout.JAVA_FLOAT_UNALIGNED, 0, MemorySegment.ofBuffer(bytes),
                ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0, floats.byteSize() / 4);
        return bytes;
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
