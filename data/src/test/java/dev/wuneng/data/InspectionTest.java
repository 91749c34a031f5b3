package dev.wuneng.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.data.arrow.DocumentWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InspectionTest {

    private static final int MARK = 0x07654321;

    @TempDir
    private Path folder;

    @Test
    void countsWhatIsThere() {
        write();
        try (Dataset dataset = Dataset.open(folder.resolve("d.arrow"))) {
            Inspection found = Inspection.of(dataset, 2);
            assertEquals(3, found.documents());
            assertEquals(1, found.empty());
            assertEquals(4, found.tokens());
            assertEquals(2, found.learnt());
            assertEquals(3, found.longest());
            assertEquals(2, found.first().size());
            assertArrayEquals(new int[] {1, 2, MARK}, found.first().getFirst());
            assertTrue(dataset.columns().getFirst().startsWith("input_ids: List"), dataset.columns().toString());
        }
    }

    @Test
    void findsAnIdBeyondTheVocabulary() throws Exception {
        write();
        Path file = folder.resolve("d.arrow");
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 0; at < bytes.capacity() - 3; at += 4) {
            if (bytes.getInt(at) == MARK) {
                bytes.putInt(at, 1 << 30);
            }
        }
        Files.write(file, bytes.array());
        try (Dataset dataset = Dataset.open(file)) {
            DataException e = assertThrows(DataException.class, () -> Inspection.of(dataset, 0));
            assertTrue(e.getMessage().startsWith("Document 0 of " + file) && e.getMessage().contains("outside the vocabulary"), e.getMessage());
        }
    }

    private void write() {
        try (DocumentWriter writer = new DocumentWriter(folder.resolve("d.arrow"), "hash", 1 << 30, true)) {
            writer.add(new int[] {1, 2, MARK}, new int[] {-100, 2, MARK});
            writer.add(new int[0], new int[0]);
            writer.add(new int[] {4}, new int[] {-100});
            writer.finish();
        }
    }
}
