package dev.wuneng.model.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.model.ModelException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsTest {
    @TempDir
    Path folder;

    @Test
    void whatIsWrittenIsReadAgain() throws IOException {
        Path file = folder.resolve("model.safetensors");
        float[] values = {1.5f, -0f, Float.MIN_VALUE, 3e38f, 5, 6};
        new SafetensorsWriter().add("b", new int[] {2, 3}, MemorySegment.ofArray(values)).add("empty", new int[] {0, 4}, MemorySegment.ofArray(new float[0]))
                .metadata("step", "12").write(file);
        try (Safetensors read = Safetensors.open(file)) {
            assertEquals("12", read.metadata().get("step"));
            assertArrayEquals(new int[] {2, 3}, read.get("b").shape());
            float[] again = new float[6];
            read.get("b").copyTo(MemorySegment.ofArray(again));
            assertArrayEquals(values, again);
            assertEquals(0, read.get("empty").size());
            ModelException missing = assertThrows(ModelException.class, () -> read.get("a"));
            assertTrue(missing.getMessage().contains("model.safetensors has no tensor a"), missing.getMessage());
        }
        assertEquals(1, Files.list(folder).count(), "nothing but the file stays behind");
    }

    @Test
    void halfPrecisionsAreReadExactly() throws IOException {
        byte[] data = {0x00, 0x3C, 0x01, (byte) 0x80, (byte) 0x80, 0x3F, 0x49, 0x40};
        Path file = write("{\"h\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[4,8]}}", data);
        try (Safetensors read = Safetensors.open(file)) {
            assertArrayEquals(new double[] {1, -Math.pow(2, -24)}, read.get("h").doubles());
            assertArrayEquals(new double[] {1, 3.140625}, read.get("b").doubles());
            float[] floats = new float[2];
            read.get("h").copyTo(MemorySegment.ofArray(floats));
            assertArrayEquals(new float[] {1, (float) -Math.pow(2, -24)}, floats);
            read.get("b").copyTo(MemorySegment.ofArray(floats));
            assertArrayEquals(new float[] {1, 3.140625f}, floats);
        }
    }

    @Test
    void halfPrecisionsAreRoundedToTheNearestEven() {
        // Halfway below and above an even last place, just above halfway, the largest that does not overflow, the smallest.
        float[] values = {1 + 0x1p-8f, 1 + 3 * 0x1p-8f, 1 + 0x1p-8f + 0x1p-20f, 0x1.FEFFp127f, Float.MIN_VALUE, -0f};
        int[] bfloats = {0x3F80, 0x3F82, 0x3F81, 0x7F7F, 0x0000, 0x8000};
        assertArrayEquals(bfloats, encoded(Dtype.BF16, values));
        float[] halves = {1 + 0x1p-11f, 1 + 3 * 0x1p-11f, 1 + 0x1p-11f + 0x1p-20f, 65519, 0x1p-24f, 0x1p-25f};
        assertArrayEquals(new int[] {0x3C00, 0x3C02, 0x3C01, 0x7BFF, 0x0001, 0x0000}, encoded(Dtype.F16, halves));
        for (int bits = 0; bits < 1 << 16; bits++) {
            float value = Float.intBitsToFloat(bits << 16);
            if (!Float.isNaN(value)) {
                assertEquals(bits, encoded(Dtype.BF16, value)[0]);
            }
        }
    }

    private static int[] encoded(Dtype dtype, float... values) {
        short[] elements = new short[values.length];
        dtype.encode(MemorySegment.ofArray(values), MemorySegment.ofArray(elements));
        int[] bits = new int[values.length];
        Arrays.setAll(bits, i -> elements[i] & 0xFFFF);
        return bits;
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,12]}} | gives tensor a",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[4,16]}} | gives tensor a",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}} | 4 bytes behind its last tensor",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}} | a gap between tensors",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}} | overlapping tensors",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]},\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[12,12]}} | twice",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296,4294967296],\"data_offsets\":[0,12]}} | impossible shape",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[-3],\"data_offsets\":[0,12]}} | impossible shape",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[12,0]}} | gives tensor a",
        "{\"a\":{\"dtype\":\"Q4\",\"shape\":[3],\"data_offsets\":[0,12]}} | holds tensor a as Q4",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[3]}} | without dtype",
        "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}} | two fields dtype",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12],\"more\":1}} | the unknown field more",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[\"3\"],\"data_offsets\":[0,12]}} | not valid JSON of the format",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[3.0],\"data_offsets\":[0,12]}} | not valid JSON of the format",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,99999999999999999999]}} | not valid JSON of the format",
        "{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}} | the text k of its __metadata__ twice",
        "{\"\\n\\u0007\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,12]}} | gives tensor ?? of F32",
        "[1,2] | not valid JSON",
        "{\"a\": | not valid JSON"})
    void headersThatLieAreRefused(String header, String complaint) throws IOException {
        ModelException refused = assertThrows(ModelException.class, () -> Safetensors.open(write(header, new byte[12])).close());
        assertTrue(refused.getMessage().contains(complaint), refused.getMessage());
    }

    @Test
    void missingAndTruncatedFilesAndInfinitiesAreRefused() throws IOException {
        assertTrue(assertThrows(ModelException.class, () -> Safetensors.open(folder.resolve("none"))).getMessage().contains("does not exist"));
        Path file = write("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", new byte[] {0, 0, (byte) 0x80, 0x7F});
        try (Safetensors read = Safetensors.open(file)) {
            ModelException refused = assertThrows(ModelException.class, () -> read.get("a").copyTo(MemorySegment.ofArray(new float[1])));
            assertTrue(refused.getMessage().contains("holds a value that is not finite in tensor a"), refused.getMessage());
        }
        byte[] whole = Files.readAllBytes(file);
        for (int length = 0; length < whole.length; length++) {
            Path cut = folder.resolve("cut");
            Files.write(cut, Arrays.copyOf(whole, length));
            assertThrows(ModelException.class, () -> Safetensors.open(cut));
        }
    }

    private Path write(String header, byte[] data) throws IOException {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + text.length + data.length).order(ByteOrder.LITTLE_ENDIAN).putLong(text.length).put(text).put(data);
        return Files.write(folder.resolve("hand"), bytes.array());
    }
}
