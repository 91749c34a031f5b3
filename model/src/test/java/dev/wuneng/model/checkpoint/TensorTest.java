package dev.wuneng.model.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.kernels.run.Buffer.Type;
import dev.wuneng.model.ModelException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What goes from a file into memory: every finite number as it is, and nothing else. */
class TensorTest {
    private static final int HALVES = 1 << 16;
    private static final ValueLayout.OfShort HALF = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    /** Two windows, the second one too short for a vector. */
    private static final int SIZE = Tensor.WINDOW + 7;
    private static final int[] POSITIONS = {0, 1, SIZE / 3, Tensor.WINDOW - 1, Tensor.WINDOW, SIZE - 4, SIZE - 3, SIZE - 1};

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(names = {"BF16", "F16"})
    void damagedHalvesAreRefused(Dtype dtype) {
        int infinity = dtype == Dtype.BF16 ? 0x7F80 : 0x7C00;
        short[] halves = new short[SIZE];
        for (int position : POSITIONS) {
            for (int damage : new int[] {infinity, infinity + 1, infinity | 0x8000, 0xFFFF}) {
                halves[position] = (short) damage;
                Tensor damaged = tensor(dtype, halves);
                for (Type type : new Type[] {Type.BF16, Type.F16, Type.F32}) {
                    refused(damaged, type, "hand holds a value that is not finite in tensor a: the checkpoint is damaged, fetch it again");
                }
            }
            halves[position] = 0;
        }
        tensor(dtype, halves).copyTo(MemorySegment.ofArray(halves), dtype.stored());
    }

    @Test
    void damagedFloatsAreRefused() {
        int[] floats = new int[SIZE];
        for (int position : POSITIONS) {
            for (int damage : new int[] {0x7F800000, 0x7F800001, 0xFF800000, 0xFFFFFFFF}) {
                floats[position] = damage;
                Tensor damaged = tensor(Dtype.F32, floats);
                for (Type type : new Type[] {Type.F32, Type.BF16, Type.F16}) {
                    refused(damaged, type, "holds a value that is not finite in tensor a");
                }
            }
            floats[position] = 0;
        }
        tensor(Dtype.F32, floats).copyTo(MemorySegment.ofArray(floats));
    }

    @ParameterizedTest
    @EnumSource(names = {"BF16", "F16"})
    void finiteHalvesKeepEveryBit(Dtype dtype) {
        Type type = dtype.stored();
        short[] all = new short[Tensor.WINDOW + HALVES];
        for (int i = 0; i < all.length; i++) {
            all[i] = Float.isFinite(type.value((short) i)) ? (short) i : (short) 0x8000;
        }
        keeps(dtype, all);
        short[] floatsToo = new short[all.length];
        float[] floats = new float[all.length];
        tensor(dtype, all).copyTo(MemorySegment.ofArray(floats));
        type.narrow(MemorySegment.ofArray(floats), MemorySegment.ofArray(floatsToo));
        assertArrayEquals(all, floatsToo);
        // The largest, the smallest and zero, each of them negative too, at every place behind the last whole vector.
        int largest = dtype == Dtype.BF16 ? 0x7F7F : 0x7BFF;
        for (int half : new int[] {largest, largest | 0x8000, 0x0001, 0x8001, 0x8000}) {
            for (int size = 0; size < 9; size++) {
                short[] some = new short[size];
                Arrays.fill(some, (short) half);
                keeps(dtype, some);
            }
        }
    }

    private static void keeps(Dtype dtype, short[] halves) {
        short[] kept = new short[halves.length];
        tensor(dtype, halves).copyTo(MemorySegment.ofArray(kept), dtype.stored());
        assertArrayEquals(halves, kept);
    }

    @ParameterizedTest
    @EnumSource(names = {"BF16", "F16"})
    void aFileInItsOwnDtypeIsCopiedByteForByte(Dtype dtype) throws IOException {
        short[] all = new short[HALVES];
        for (int i = 0; i < HALVES; i++) {
            all[i] = (short) i;
        }
        Path file = folder.resolve("copy");
        new SafetensorsWriter().add(OutgoingTensor.of(tensor(dtype, all), dtype)).write(file);
        try (Safetensors copy = Safetensors.open(file); Arena arena = Arena.ofConfined()) {
            assertArrayEquals(all, copy.get("a").elements(0, HALVES, arena).toArray(HALF));
        }
    }

    @Test
    void finiteFloatsKeepEveryBit() {
        int[] floats = new int[SIZE];
        int[] some = {0x00000001, 0x80000001, 0x007FFFFF, 0x80000000, 0x7F7FFFFF, 0xFF7FFFFF};
        Arrays.setAll(floats, i -> some[i % some.length]);
        int[] kept = new int[SIZE];
        tensor(Dtype.F32, floats).copyTo(MemorySegment.ofArray(kept));
        assertArrayEquals(floats, kept);
    }

    @ParameterizedTest
    @CsvSource({"F16, 0x1.FFDFFEp15, 0x7BFF, 0x1.FFEp15, float16", "BF16, 0x1.FEFFFEp127, 0x7F7F, 0x1.FFp127, bfloat16"})
    void whatRoundingMakesInfiniteIsTooLarge(Dtype dtype, float held, String expected, float tooLarge, String name) throws IOException {
        float[] floats = new float[SIZE];
        short[] halves = new short[SIZE];
        for (int position : POSITIONS) {
            for (int sign : new int[] {1, -1}) {
                floats[position] = sign * held;
                tensor(Dtype.F32, floats).copyTo(MemorySegment.ofArray(halves), dtype.stored());
                assertEquals((short) (Integer.decode(expected) | sign & 0x8000), halves[position]);
                floats[position] = sign * tooLarge;
                refused(tensor(Dtype.F32, floats), dtype.stored(), "hand holds a value in tensor a that is too large for " + name);
                OutgoingTensor outgoing = OutgoingTensor.of("a", new int[] {SIZE}, MemorySegment.ofArray(floats), dtype);
                assertTrue(assertThrows(ModelException.class, () -> new SafetensorsWriter().add(outgoing).write(folder.resolve("large"))).getMessage()
                        .contains("tensor a holds a value that is not finite in " + dtype));
            }
            floats[position] = 0;
        }
        floats[SIZE - 1] = held;
        new SafetensorsWriter().add(OutgoingTensor.of("a", new int[] {SIZE}, MemorySegment.ofArray(floats), dtype)).write(folder.resolve("held"));
    }

    @Test
    void tensorsAreTheSameByTheirNumbers() {
        short[] halves = new short[SIZE];
        int[] floats = new int[SIZE];
        for (int i = 0; i < SIZE; i++) {
            halves[i] = (short) (i % 0x7F80);
            floats[i] = halves[i] << 16;
        }
        assertTrue(tensor(Dtype.BF16, halves).holdsSame(tensor(Dtype.BF16, halves)));
        assertTrue(tensor(Dtype.BF16, halves).holdsSame(tensor(Dtype.F32, floats)));
        assertFalse(tensor(Dtype.BF16, halves).holdsSame(tensor(Dtype.F16, halves)));
        assertFalse(tensor(Dtype.BF16, halves).holdsSame(tensor(Dtype.BF16, Arrays.copyOf(halves, SIZE - 1))));
        short[] changed = halves.clone();
        changed[SIZE - 1]++;
        assertFalse(tensor(Dtype.BF16, halves).holdsSame(tensor(Dtype.BF16, changed)));
        assertFalse(tensor(Dtype.F32, floats).holdsSame(tensor(Dtype.BF16, changed)));
    }

    @Test
    void aFileThatIsCutOffMeanwhileIsRefused() throws IOException {
        Path file = folder.resolve("cut");
        new SafetensorsWriter().add("a", new int[] {SIZE}, MemorySegment.ofArray(new float[SIZE])).write(file);
        try (Safetensors open = Safetensors.open(file)) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.truncate(Files.size(file) - 4);
            }
            refused(open.get("a"), Type.F32, "cut cannot be read (it became shorter while it was read)");
        }
    }

    private static void refused(Tensor tensor, Type type, String complaint) {
        MemorySegment target = MemorySegment.ofArray(new byte[Math.toIntExact(type.bytes() * tensor.size())]);
        String message = assertThrows(ModelException.class, () -> tensor.copyTo(target, type)).getMessage();
        assertTrue(message.contains(complaint), message);
    }

    private static Tensor tensor(Dtype dtype, short[] halves) {
        ByteBuffer data = ByteBuffer.allocate(2 * halves.length).order(ByteOrder.LITTLE_ENDIAN);
        data.asShortBuffer().put(halves);
        return tensor(dtype, halves.length, data);
    }

    private static Tensor tensor(Dtype dtype, int[] bits) {
        ByteBuffer data = ByteBuffer.allocate(4 * bits.length).order(ByteOrder.LITTLE_ENDIAN);
        data.asIntBuffer().put(bits);
        return tensor(dtype, bits.length, data);
    }

    private static Tensor tensor(Dtype dtype, float[] floats) {
        int[] bits = new int[floats.length];
        Arrays.setAll(bits, i -> Float.floatToRawIntBits(floats[i]));
        return tensor(dtype, bits);
    }

    private static Tensor tensor(Dtype dtype, int size, ByteBuffer data) {
        byte[] header = "{\"a\":{\"dtype\":\"%s\",\"shape\":[%d],\"data_offsets\":[0,%d]}}".formatted(dtype, size, data.capacity()).getBytes(StandardCharsets.UTF_8);
        ByteBuffer file = ByteBuffer.allocate(8 + header.length + data.capacity()).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).put(header).put(data);
        return Safetensors.of(Path.of("hand"), MemorySegment.ofArray(file.array())).get("a");
    }
}
