package dev.wuneng.model.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Ways to damage a safetensors file: blindly, in its lengths, and in ways that know what the header's JSON means. */
final class HeaderMutations {
    private static final Pattern NUMBER = Pattern.compile("\\d+");
    private static final Pattern ENTRY = Pattern.compile("\"[^\"]*\":\\{[^}]*\\}");
    private static final Pattern QUOTED = Pattern.compile("\"[^\"]*\"");
    private static final Pattern LIST = Pattern.compile("\\[[^\\]]*\\]");
    private static final List<String> NUMBERS = List.of("0", "-1", "1", "2147483647", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808",
            "-9223372036854775808", "1e3", "1.0", "1e400", "NaN", "null", "\"4\"", "00", "999999999999999999999999");
    private static final List<String> TEXTS = List.of("\"F32\"", "\"F64\"", "\"BF16\"", "\"BOOL\"", "\"\"", "\"__metadata__\"", "\"shape\"", "\"dtype\"", "\"data_offsets\"",
            "\"\\ud800\"", "\"\\u0000\"", "null", "{}", "[]", "1");

    private final Random random;

    HeaderMutations(long seed) {
        random = new Random(seed);
    }

    byte[] mutate(byte[] file) {
        return switch (random.nextInt(4)) {
            case 0 -> flipped(file);
            case 1 -> resized(file);
            default -> rewritten(file);
        };
    }

    /** Some bytes of the header, mostly, or of anything are others. */
    private byte[] flipped(byte[] file) {
        byte[] damaged = file.clone();
        int header = (int) Math.min(file.length, 8 + length(file));
        for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
            damaged[random.nextInt(random.nextInt(8) > 0 ? header : file.length)] = (byte) random.nextInt();
        }
        return damaged;
    }

    /** The file is cut or grows, or the header's length lies. */
    private byte[] resized(byte[] file) {
        switch (random.nextInt(3)) {
            case 0:
                return Arrays.copyOf(file, random.nextInt(file.length));
            case 1:
                return Arrays.copyOf(file, file.length + 1 + random.nextInt(64));
            default:
                byte[] damaged = file.clone();
                long[] lies = {0, 1, 2, -1, Long.MAX_VALUE, Long.MIN_VALUE, file.length, file.length - 8, file.length - 7, 100_000_000, length(file) + random.nextInt(17) - 8,
                    1L << random.nextInt(63)};
                ByteBuffer.wrap(damaged).order(ByteOrder.LITTLE_ENDIAN).putLong(0, lies[random.nextInt(lies.length)]);
                return damaged;
        }
    }

    /** The header is other JSON, of the right length again. */
    private byte[] rewritten(byte[] file) {
        int length = (int) length(file);
        String json = new String(file, 8, length, StandardCharsets.UTF_8);
        for (int changes = 1 + random.nextInt(2); changes > 0; changes--) {
            json = changed(json);
        }
        byte[] header = json.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + header.length + file.length - 8 - length).order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length).put(header).put(file, 8 + length, file.length - 8 - length).array();
    }

    private String changed(String json) {
        return switch (random.nextInt(9)) {
            case 0, 1 -> replaced(json, NUMBER, NUMBERS.get(random.nextInt(NUMBERS.size())));
            case 2 -> replaced(json, NUMBER, Integer.toString(random.nextInt(64)));
            case 3 -> replaced(json, QUOTED, TEXTS.get(random.nextInt(TEXTS.size())));
            case 4 -> replaced(json, QUOTED, any(json, QUOTED));
            case 5 -> replaced(json, ENTRY, any(json, ENTRY));
            case 6 -> replaced(json, ENTRY, any(json, ENTRY) + "," + any(json, ENTRY));
            case 7 -> replaced(json, LIST, any(json, LIST));
            default -> {
                int deep = 1 << random.nextInt(12);
                String nested = random.nextBoolean() ? "[".repeat(deep) + "]".repeat(deep) : "{\"a\":".repeat(deep) + "1" + "}".repeat(deep);
                yield replaced(json, random.nextBoolean() ? LIST : NUMBER, nested);
            }
        };
    }

    private String any(String json, Pattern pattern) {
        List<MatchResult> found = pattern.matcher(json).results().toList();
        return found.isEmpty() ? "" : found.get(random.nextInt(found.size())).group();
    }

    private String replaced(String json, Pattern pattern, String by) {
        List<MatchResult> found = pattern.matcher(json).results().toList();
        if (found.isEmpty()) {
            return json;
        }
        MatchResult place = found.get(random.nextInt(found.size()));
        return json.substring(0, place.start()) + by + json.substring(place.end());
    }

    private static long length(byte[] file) {
        return ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
    }
}
