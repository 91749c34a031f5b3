package dev.wuneng.model.checkpoint;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import dev.wuneng.model.ModelException;
import java.io.IOException;
import java.io.StringReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A memory-mapped safetensors file: eight bytes with the header's length (little endian), a JSON header that gives each tensor's dtype,
 * shape and byte range, then the data. Nothing that the header claims is believed before it is checked against the file.
 */
public final class Safetensors implements AutoCloseable {
    private static final long MAX_HEADER = 100_000_000;
    private static final ValueLayout.OfLong LENGTH = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path file;
    private final Arena arena = Arena.ofShared();
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();

    private Safetensors(Path file) {
        this.file = file;
    }

    /** Maps a file and checks its header. */
    public static Safetensors open(Path file) {
        Safetensors opened = new Safetensors(file);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            opened.read(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), opened.arena));
            return opened;
        } catch (NoSuchFileException e) {
            opened.close();
            throw new ModelException(file + " does not exist: give the path of a safetensors file", e);
        } catch (IOException e) {
            opened.close();
            throw new ModelException(file + " cannot be read (" + e.getMessage() + "): check the file", e);
        } catch (RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    public Path file() {
        return file;
    }

    public Collection<Tensor> tensors() {
        return tensors.values();
    }

    public boolean has(String name) {
        return tensors.containsKey(name);
    }

    /** A tensor by name; a missing one is an error. */
    public Tensor get(String name) {
        Tensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new ModelException(file + " has no tensor " + name + ": it is not a checkpoint of this model, or not a complete one");
        }
        return tensor;
    }

    /** The free texts of the header. */
    public Map<String, String> metadata() {
        return metadata;
    }

    private void read(MemorySegment whole) throws IOException {
        if (whole.byteSize() < 8) {
            throw damaged("is " + whole.byteSize() + " bytes long, too short for a header");
        }
        long header = whole.get(LENGTH, 0);
        if (header < 2 || header > MAX_HEADER || header > whole.byteSize() - 8) {
            throw damaged("claims a header of " + header + " bytes in a file of " + whole.byteSize());
        }
        String json = new String(whole.asSlice(8, header).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
        MemorySegment data = whole.asSlice(8 + header);
        List<long[]> ranges = new ArrayList<>();
        try (JsonReader reader = new JsonReader(new StringReader(json))) {
            reader.beginObject();
            while (reader.hasNext()) {
                String name = reader.nextName();
                if (name.equals("__metadata__")) {
                    readMetadata(reader);
                } else {
                    readTensor(reader, name, data, ranges);
                }
            }
            reader.endObject();
            if (reader.peek() != JsonToken.END_DOCUMENT) {
                throw damaged("has text behind its header's JSON");
            }
        } catch (IOException | IllegalStateException | NumberFormatException e) {
            throw damaged("has a header that is not valid JSON of the format");
        }
        checkCovered(ranges, data.byteSize());
    }

    private void readMetadata(JsonReader reader) throws IOException {
        reader.beginObject();
        while (reader.hasNext()) {
            metadata.put(reader.nextName(), reader.nextString());
        }
        reader.endObject();
    }

    private void readTensor(JsonReader reader, String name, MemorySegment data, List<long[]> ranges) throws IOException {
        Dtype dtype = null;
        List<Long> shape = null;
        List<Long> range = null;
        reader.beginObject();
        while (reader.hasNext()) {
            switch (reader.nextName()) {
                case "dtype" -> dtype = dtype(name, reader.nextString());
                case "shape" -> shape = longs(reader);
                case "data_offsets" -> range = longs(reader);
                default -> reader.skipValue();
            }
        }
        reader.endObject();
        if (dtype == null || shape == null || range == null || range.size() != 2) {
            throw damaged("describes tensor " + name + " without dtype, shape or two data_offsets");
        }
        long bytes = dtype.bytes();
        int[] sizes = new int[shape.size()];
        for (int i = 0; i < sizes.length; i++) {
            long size = shape.get(i);
            if (size < 0 || size > Integer.MAX_VALUE || size != 0 && bytes > Long.MAX_VALUE / size) {
                throw damaged("gives tensor " + name + " the impossible shape " + shape);
            }
            sizes[i] = (int) size;
            bytes *= size;
        }
        long from = range.get(0);
        long to = range.get(1);
        if (from < 0 || to < from || to > data.byteSize() || to - from != bytes) {
            throw damaged("gives tensor " + name + " of " + dtype + " " + shape + " the bytes " + from + " to " + to + " of " + data.byteSize());
        }
        if (tensors.put(name, new Tensor(name, dtype, sizes, data.asSlice(from, bytes))) != null) {
            throw damaged("describes tensor " + name + " twice");
        }
        ranges.add(new long[] {from, to});
    }

    private void checkCovered(List<long[]> ranges, long size) {
        ranges.sort(Comparator.comparingLong((long[] r) -> r[0]).thenComparingLong(r -> r[1]));
        long end = 0;
        for (long[] range : ranges) {
            if (range[0] != end) {
                throw damaged((range[0] < end ? "has overlapping tensors" : "has a gap between tensors") + " at byte " + Math.min(end, range[0]));
            }
            end = range[1];
        }
        if (end != size) {
            throw damaged("has " + (size - end) + " bytes behind its last tensor");
        }
    }

    private Dtype dtype(String name, String text) {
        return Arrays.stream(Dtype.values()).filter(d -> d.name().equals(text)).findFirst()
                .orElseThrow(() -> new ModelException(file + " holds tensor " + name + " as " + text + ", and only "
                        + Arrays.toString(Dtype.values()) + " are read: convert it"));
    }

    private static List<Long> longs(JsonReader reader) throws IOException {
        List<Long> values = new ArrayList<>();
        reader.beginArray();
        while (reader.hasNext()) {
            values.add(reader.nextLong());
        }
        reader.endArray();
        return values;
    }

    private ModelException damaged(String how) {
        return new ModelException(file + " " + how + ": it is truncated or damaged, fetch or write it again");
    }

    @Override
    public void close() {
        arena.close();
    }
}
