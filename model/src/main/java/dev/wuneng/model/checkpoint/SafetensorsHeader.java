package dev.wuneng.model.checkpoint;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import dev.wuneng.model.ModelException;
import java.io.IOException;
import java.io.StringReader;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a safetensors file says of itself. The format: eight bytes with the length of the header (little endian), the header, the data. The
 * header is a JSON object with an entry a tensor, {@code "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}, the offsets
 * counted from the beginning of the data, and an optional object of texts, {@code "__metadata__"}.
 *
 * <p>Nothing that the header claims is believed before it is checked: its length is inside the file, no key comes twice, a tensor has as many bytes as
 * its shape and dtype need, and the tensors cover the data without gap or overlap.
 */
record SafetensorsHeader(Map<String, Tensor> tensors, Map<String, String> metadata) {
    private static final int LENGTH_BYTES = 8;
    /** What the format's own library accepts. */
    private static final long LONGEST = 100_000_000;
    private static final int SHOWN = 100;
    private static final ValueLayout.OfLong LENGTH = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Reads and checks the header of a file; whatever is wrong with it is one {@link ModelException}. */
    static SafetensorsHeader read(ByteSource source) {
        return new Parser(source).parse();
    }

    private static final class Parser {
        private final ByteSource source;
        private final Path file;
        private final Map<String, Tensor> tensors = new LinkedHashMap<>();
        private final Map<String, String> metadata = new LinkedHashMap<>();
        private final List<long[]> ranges = new ArrayList<>();
        private final Set<String> keys = new HashSet<>();
        private long dataFrom;
        private long dataSize;

        Parser(ByteSource source) {
            this.source = source;
            file = source.file();
        }

        SafetensorsHeader parse() {
            try (JsonReader reader = new JsonReader(new StringReader(text()))) {
                reader.setStrictness(Strictness.STRICT);
                reader.beginObject();
                while (reader.hasNext()) {
                    String name = reader.nextName();
                    if (!keys.add(name)) {
                        throw damaged("describes tensor " + shown(name) + " twice");
                    }
                    if (name.equals("__metadata__")) {
                        readMetadata(reader);
                    } else {
                        readTensor(reader, name);
                    }
                }
                reader.endObject();
                if (reader.peek() != JsonToken.END_DOCUMENT) {
                    throw damaged("has text behind its header's JSON");
                }
            } catch (IOException | IllegalStateException | NumberFormatException e) {
                throw damaged("has a header that is not valid JSON of the format");
            }
            checkCovered();
            return new SafetensorsHeader(Collections.unmodifiableMap(tensors), Collections.unmodifiableMap(metadata));
        }

        private String text() {
            long whole = source.size();
            if (whole < LENGTH_BYTES) {
                throw damaged("is " + whole + " bytes long, too short for a header");
            }
            try (Arena arena = Arena.ofConfined()) {
                long length = source.window(0, LENGTH_BYTES, arena).get(LENGTH, 0);
                if (length < 2 || length > LONGEST || length > whole - LENGTH_BYTES) {
                    throw damaged("claims a header of " + length + " bytes in a file of " + whole);
                }
                dataFrom = LENGTH_BYTES + length;
                dataSize = whole - dataFrom;
                byte[] bytes = source.window(LENGTH_BYTES, length, arena).toArray(ValueLayout.JAVA_BYTE);
                return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
            } catch (CharacterCodingException e) {
                throw damaged("has a header that is not UTF-8");
            }
        }

        private void readMetadata(JsonReader reader) throws IOException {
            reader.beginObject();
            while (reader.hasNext()) {
                String key = reader.nextName();
                if (metadata.put(key, reader.nextString()) != null) {
                    throw damaged("gives the text " + shown(key) + " of its __metadata__ twice");
                }
            }
            reader.endObject();
        }

        private void readTensor(JsonReader reader, String name) throws IOException {
            String dtype = null;
            List<Long> shape = null;
            List<Long> offsets = null;
            reader.beginObject();
            while (reader.hasNext()) {
                String field = reader.nextName();
                boolean again = switch (field) {
                    case "dtype" -> dtype != null;
                    case "shape" -> shape != null;
                    case "data_offsets" -> offsets != null;
                    default -> throw damaged("gives tensor " + shown(name) + " the unknown field " + shown(field));
                };
                if (again) {
                    throw damaged("gives tensor " + shown(name) + " two fields " + field);
                }
                switch (field) {
                    case "dtype" -> dtype = reader.nextString();
                    case "shape" -> shape = longs(reader);
                    default -> offsets = longs(reader);
                }
            }
            reader.endObject();
            if (dtype == null || shape == null || offsets == null || offsets.size() != 2) {
                throw damaged("describes tensor " + shown(name) + " without dtype, shape or two data_offsets");
            }
            add(name, dtype(name, dtype), shape, offsets.get(0), offsets.get(1));
        }

        private void add(String name, Dtype dtype, List<Long> shape, long from, long to) {
            long size = 1;
            int[] sizes = new int[shape.size()];
            for (int i = 0; i < sizes.length; i++) {
                long n = shape.get(i);
                if (n < 0 || n > Integer.MAX_VALUE || n != 0 && size > Long.MAX_VALUE / dtype.bytes() / n) {
                    throw damaged("gives tensor " + shown(name) + " the impossible shape " + shown(shape.toString()));
                }
                sizes[i] = (int) n;
                size *= n;
            }
            if (from < 0 || to < from || to > dataSize || to - from != size * dtype.bytes()) {
                throw damaged("gives tensor " + shown(name) + " of " + dtype + " " + shown(shape.toString()) + " the bytes " + from + " to " + to
                        + " of " + dataSize);
            }
            tensors.put(name, new Tensor(name, dtype, sizes, source, dataFrom + from, size));
            ranges.add(new long[] {from, to});
        }

        private void checkCovered() {
            ranges.sort(Comparator.comparingLong((long[] r) -> r[0]).thenComparingLong(r -> r[1]));
            long end = 0;
            for (long[] range : ranges) {
                if (range[0] != end) {
                    throw damaged((range[0] < end ? "has overlapping tensors" : "has a gap between tensors") + " at byte " + Math.min(end, range[0]));
                }
                end = range[1];
            }
            if (end != dataSize) {
                throw damaged("has " + (dataSize - end) + " bytes behind its last tensor");
            }
        }

        private Dtype dtype(String name, String text) {
            return Arrays.stream(Dtype.values()).filter(d -> d.name().equals(text)).findFirst()
                    .orElseThrow(() -> new ModelException(file + " holds tensor " + shown(name) + " as " + shown(text) + ", and only "
                            + Arrays.toString(Dtype.values()) + " are read: convert it"));
        }

        /** Whole numbers as the format has them, plain digits: no texts, no fractions, no exponents. */
        private List<Long> longs(JsonReader reader) throws IOException {
            List<Long> values = new ArrayList<>();
            reader.beginArray();
            while (reader.hasNext()) {
                if (reader.peek() != JsonToken.NUMBER) {
                    throw damaged("has a header that is not valid JSON of the format");
                }
                values.add(Long.parseLong(reader.nextString()));
            }
            reader.endArray();
            return values;
        }

        private ModelException damaged(String how) {
            return new ModelException(file + " " + how + ": it is truncated or damaged, fetch or write it again");
        }
    }

    /** A text out of a damaged file, fit for one line of a message. */
    static String shown(String text) {
        String line = text.codePoints().limit(SHOWN).map(c -> Character.isISOControl(c) ? '?' : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString();
        return line.length() < text.length() ? line + "…" : line;
    }
}
