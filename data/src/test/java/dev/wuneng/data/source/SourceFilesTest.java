package dev.wuneng.data.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.data.DataException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SourceFilesTest {

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws Exception {
        for (String name : List.of("b.txt", "a.jsonl", "deep/er/c.txt", ".hidden.txt", ".git/d.txt", "notes", "image.png")) {
            Files.createDirectories(folder.resolve(name).getParent());
            Files.writeString(folder.resolve(name), "text");
        }
    }

    @Test
    void listsFoldersAndGlobsInOrder() {
        assertEquals(List.of("a.jsonl", "b.txt", "deep/er/c.txt"), find(""));
        assertEquals(List.of("b.txt"), find("*.txt"));
        assertEquals(List.of("b.txt", "deep/er/c.txt"), find("**.txt"));
        assertEquals(List.of("deep/er/c.txt"), find("d*/er/{c,d}.txt"));
        List<String> twice = List.of(folder.resolve("b.txt").toString(), folder.toString());
        assertEquals(3, SourceFiles.find(twice, Optional.empty(), Optional.empty()).size(), "each file once");
    }

    @Test
    void tellsTheFormatByContentAndName() throws Exception {
        assertEquals(Format.JSONL, Format.of(folder.resolve("a.jsonl")));
        assertEquals(Format.TEXT, Format.of(folder.resolve("b.txt")));
        Path parquet = Files.writeString(folder.resolve("misnamed.txt"), "PAR1 and more");
        assertEquals(Format.PARQUET, Format.of(parquet));
        assertEquals(List.of("notes"), SourceFiles.find(List.of(folder.resolve("notes").toString()), Optional.of(Format.TEXT),
                Optional.empty()).stream().map(file -> folder.relativize(file.path()).toString()).toList());
        Path zip = Files.writeString(folder.resolve("x.txt"), "PK\u0003\u0004");
        assertComplaint(zip, "unpack it");
        assertComplaint(folder.resolve("notes"), "--format");
        assertComplaint(Files.writeString(folder.resolve("y.parquet"), "no"), "--format");
    }

    @Test
    void refusesWhatStandsForNoFile() {
        for (String argument : List.of("none.txt", "*.csv", "none/*.txt")) {
            DataException e = assertThrows(DataException.class, () -> find(argument));
            assertTrue(e.getMessage().contains(argument), e.getMessage());
        }
    }

    private static void assertComplaint(Path file, String remedy) {
        DataException e = assertThrows(DataException.class, () -> Format.of(file));
        assertTrue(e.getMessage().contains(file.toString()) && e.getMessage().contains(remedy), e.getMessage());
    }

    private List<String> find(String argument) {
        String absolute = argument.isEmpty() ? folder.toString() : folder + "/" + argument;
        return SourceFiles.find(List.of(absolute), Optional.empty(), Optional.empty()).stream()
                .map(file -> folder.relativize(file.path()).toString()).toList();
    }
}
