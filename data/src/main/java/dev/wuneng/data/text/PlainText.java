package dev.wuneng.data.text;

import dev.wuneng.data.DataException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * UTF-8 text files as documents: every paragraph, that is lines up to a blank one, is a document. A paragraph beyond a
 * million characters is cut at a line's end, a line beyond that at a blank, so that no file has to fit in memory.
 */
public final class PlainText {

    private PlainText() {
    }

    /**
     * The paragraphs of the files, in order, read as they are asked for. Close the stream to close the open file.
     *
     * @throws DataException at once if a file is missing, and while reading if one is not UTF-8
     */
    public static Stream<String> documents(List<Path> files) {
        for (Path file : files) {
            if (!Files.isReadable(file) || Files.isDirectory(file)) {
                throw new DataException("Cannot read the text file " + file + ": name an existing, readable file.");
            }
        }
        return files.stream().flatMap(file -> documents(lines(file)));
    }

    /** Opens a file to take its paragraphs. */
    public static Lines lines(Path file) {
        return new Lines(file, LongText.MAXIMUM);
    }

    /**
     * The paragraphs of a file. Closing the stream closes it.
     *
     * @throws DataException while reading if it is not UTF-8
     */
    public static Stream<String> documents(Lines lines) {
        return Pulled.stream(() -> paragraph(lines), lines::close);
    }

    private static Optional<String> paragraph(Lines lines) {
        StringBuilder paragraph = new StringBuilder();
        for (Optional<String> line = lines.next(); line.isPresent(); line = lines.next()) {
            if (!line.get().isBlank()) {
                paragraph.append(paragraph.isEmpty() ? "" : "\n").append(line.get());
            }
            if (!paragraph.isEmpty() && (line.get().isBlank() || lines.cut() || paragraph.length() >= LongText.MAXIMUM)) {
                break;
            }
        }
        return paragraph.isEmpty() ? Optional.empty() : Optional.of(paragraph.toString());
    }
}
