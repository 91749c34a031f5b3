package dev.wuneng.data.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.wuneng.data.DataException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
            try (Lines lines = new Lines(file); Stream<String> read = Pulled.stream(lines::next, () -> { })) {
                assertEquals(Files.readAllLines(file), read.toList());
            }
        }
    }

    @Test
    void readsLinesLongerThanItsBuffer() throws Exception {
        Random random = new Random(1);
        List<String> expected = IntStream.range(0, 40).mapToObj(i -> "x".repeat(random.nextInt(1 << 15))).toList();
        Path file = Files.writeString(folder.resolve("text"), String.join("\r\n", expected) + "\r\n");
        try (Lines lines = new Lines(file); Stream<String> read = Pulled.stream(lines::next, () -> { })) {
            assertEquals(expected, read.toList());
            assertEquals(40, lines.number());
            assertEquals(Files.size(file), lines.position());
        }
    }

    @Test
    void refusesALineThatWouldFillTheMemory() throws Exception {
        Path file = Files.writeString(folder.resolve("text"), "123\n1234\n");
        try (Lines lines = new Lines(file, 3)) {
            assertEquals("123", lines.next().orElseThrow());
            assertEquals("Line 2 of " + file + " has more than 3 characters: break it into shorter ones.",
                    assertThrows(DataException.class, lines::next).getMessage());
        }
    }
}
