package dev.wuneng.data.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LinesTest {

    @TempDir
    private Path folder;

    @Test
    void endsLinesAsJavaDoes() throws Exception {
        for (String text : List.of("", "a", "a\n", "a\n\nb", "a\r\nb\r\n", "a\rb\r\r\nc", "\n\r", "ä\n€")) {
            Path file = Files.writeString(folder.resolve("text"), text);
            try (Lines lines = new Lines(file, 1 << 20); Stream<String> read = Pulled.stream(lines::next, () -> { })) {
                assertEquals(Files.readAllLines(file), read.toList());
            }
        }
    }

    @Test
    void readsLinesLongerThanItsBuffer() throws Exception {
        Random random = new Random(1);
        List<String> expected = IntStream.range(0, 40).mapToObj(i -> "x".repeat(random.nextInt(1 << 15))).toList();
        Path file = Files.writeString(folder.resolve("text"), String.join("\r\n", expected) + "\r\n");
        try (Lines lines = new Lines(file, 1 << 20); Stream<String> read = Pulled.stream(lines::next, () -> { })) {
            assertEquals(expected, read.toList());
            assertEquals(40, lines.number());
            assertEquals(Files.size(file), lines.position());
        }
    }

    @Test
    void givesALineThatWouldFillTheMemoryInParts() throws Exception {
        Path file = Files.writeString(folder.resolve("text"), "123\n1234 5 678\r\n\n𝄞𝄞\n1234");
        try (Lines lines = new Lines(file, 3)) {
            StringBuilder read = new StringBuilder();
            for (Optional<String> line = lines.next(); line.isPresent(); line = lines.next()) {
                read.append(lines.number()).append(':').append(line.get()).append(lines.cut() ? "+" : ";");
            }
            assertEquals("1:123;2:123+2:4 +2:5 +2:678;3:;4:𝄞+4:𝄞;5:123+5:4;", read.toString());
        }
    }

    @Test
    void partsOfALongTextAreTheText() {
        Random random = new Random(2);
        for (int round = 0; round < 500; round++) {
            StringBuilder text = new StringBuilder();
            random.ints(random.nextInt(60), 0, 5).forEach(i -> text.append(List.of("a", " ", "\n", "𝄞", "bcd").get(i)));
            List<String> parts = LongText.parts(text.toString(), 7);
            assertEquals(text.toString(), String.join("", parts));
            for (String part : parts) {
                assertTrue(part.length() <= 7 && !part.isEmpty() || text.isEmpty(), part);
                assertFalse(Character.isLowSurrogate((part + " ").charAt(0)), "half a character");
            }
        }
    }
}
