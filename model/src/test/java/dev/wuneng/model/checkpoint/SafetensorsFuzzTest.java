package dev.wuneng.model.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import dev.wuneng.model.ModelException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damaged files are refused in one sentence or read correctly, and nothing else happens. The bytes are an array, so a read outside the file would be
 * an exception; what a parse allocates is counted, so a lie about a length would show.
 */
class SafetensorsFuzzTest {
    private static final Path SHARED = Path.of(System.getProperty("wuneng.shared", "../../shared"));
    private static final Path NAME = Path.of("damaged.safetensors");
    /** What parsing may allocate: so much whatever the file (classes that are loaded at first count too), and so much a byte of it. */
    private static final long BASE_BYTES = 4 << 20;
    private static final long BYTES_PER_BYTE = 100;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @TempDir
    Path folder;

    @Test
    void damagedFilesAreRefusedOrReadAndNothingElse() throws IOException {
        Path file = folder.resolve("whole");
        MemorySegment floats = MemorySegment.ofArray(new float[] {1, 2, 3, 4, 5, 6});
        new SafetensorsWriter().metadata("step", "12").add(OutgoingTensor.of("first", new int[] {3, 2}, floats, Dtype.F32))
                .add(OutgoingTensor.of("second", new int[] {6}, floats, Dtype.BF16)).add(OutgoingTensor.of("third", new int[] {1, 6}, floats, Dtype.F16))
                .add(OutgoingTensor.of("empty", new int[] {0}, MemorySegment.ofArray(new float[0]), Dtype.F32)).write(file);
        fuzz(file, 100_000);
    }

    @Test
    void realFilesToo() throws IOException {
        Path stories = SHARED.resolve("real/stories260k/greedy.safetensors");
        Path moments = SHARED.resolve("golden/op-adamw.safetensors");
        assumeTrue(Files.exists(stories) && Files.exists(moments), () -> "skipped: there is no " + stories.toAbsolutePath().normalize());
        fuzz(stories, 50_000);
        fuzz(moments, 50_000);
    }

    private void fuzz(Path file, int times) throws IOException {
        byte[] whole = Files.readAllBytes(file);
        HeaderMutations mutations = new HeaderMutations(1);
        int read = 0;
        for (int n = 0; n < times; n++) {
            byte[] damaged = mutations.mutate(whole);
            long before = threads.getCurrentThreadAllocatedBytes();
            try (Safetensors opened = Safetensors.of(NAME, MemorySegment.ofArray(damaged))) {
                checkAllocated(before, damaged);
                checkRead(opened, damaged);
                read++;
            } catch (ModelException expected) {
                checkAllocated(before, damaged);
                String sentence = expected.getMessage();
                assertTrue(sentence.startsWith("damaged.safetensors ") && sentence.lines().count() == 1 && sentence.length() < 1000, sentence);
            }
        }
        assertTrue(read > times / 100 && read < times / 2, read + " of " + times + " were read");
    }

    private void checkAllocated(long before, byte[] damaged) {
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated <= BASE_BYTES + BYTES_PER_BYTE * damaged.length, () -> allocated + " bytes for a file of " + damaged.length);
    }

    /** What was accepted describes the whole file, each byte once, and can be read. */
    private static void checkRead(Safetensors opened, byte[] file) {
        long header = MemorySegment.ofArray(file).get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
        assertEquals(file.length - 8 - header, opened.tensors().stream().mapToLong(Tensor::bytes).sum());
        for (Tensor tensor : opened.tensors()) {
            long elements = 1;
            for (int n : tensor.shape()) {
                elements *= n;
            }
            assertEquals(elements, tensor.doubles().length);
        }
    }
}
