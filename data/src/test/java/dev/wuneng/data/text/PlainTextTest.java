package dev.wuneng.data.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.data.DataException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlainTextTest {

    @TempDir
    private Path folder;

    @Test
    void everyParagraphIsADocument() throws Exception {
        Path first = Files.writeString(folder.resolve("first.txt"), "\n\none\r\ntwo\n \t \n\nthree");
        Path second = Files.writeString(folder.resolve("second.txt"), "four\n\n");
        try (Stream<String> documents = PlainText.documents(List.of(first, second))) {
            assertEquals(List.of("one\ntwo", "three", "four"), documents.toList());
        }
    }

    @Test
    void namesAFileThatIsMissingOrNotUtf8() throws Exception {
        Path missing = folder.resolve("missing.txt");
        assertTrue(assertThrows(DataException.class, () -> PlainText.documents(List.of(missing))).getMessage()
                .contains(missing.toString()));
        Path latin = Files.write(folder.resolve("latin.txt"), new byte[] {'a', (byte) 0xE9, 'b'});
        try (Stream<String> documents = PlainText.documents(List.of(latin))) {
            DataException e = assertThrows(DataException.class, documents::toList);
            assertTrue(e.getMessage().contains(latin.toString()) && e.getMessage().contains("UTF-8"), e.getMessage());
        }
    }
}
