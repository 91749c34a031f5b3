package dev.wuneng.data.source;

import dev.wuneng.data.DataException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** How a file holds texts. */
public enum Format {

    /** UTF-8 text; a document is a paragraph. */
    TEXT("txt", "text", "md"),
    /** A JSON object a line. */
    JSONL("jsonl", "ndjson", "json"),
    /** Arrow IPC, as a file (which is also Feather version 2) or as a stream. */
    ARROW("arrow", "feather", "ipc"),
    /** Apache Parquet. */
    PARQUET("parquet");

    private static final int LONGEST_MAGIC = 6;

    private final List<String> extensions;

    Format(String... extensions) {
        this.extensions = List.of(extensions);
    }

    /** The format that a file's name ends with. */
    static Optional<Format> ofName(Path file) {
        String name = file.getFileName().toString();
        String extension = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        return Stream.of(values()).filter(format -> format.extensions.contains(extension)).findFirst();
    }

    /**
     * The format of a file by its first bytes, else by its name.
     *
     * @throws DataException if it cannot be told, or is one that must be unpacked or converted first
     */
    static Format of(Path file) {
        String magic = magic(file);
        if (isArrowFile(magic) || magic.startsWith("\u00ff\u00ff\u00ff\u00ff")) {
            return ARROW;
        }
        if (magic.startsWith("PAR1")) {
            return PARQUET;
        }
        if (magic.startsWith("FEA1")) {
            throw new DataException("The file " + file + " is Feather version 1: write it again as version 2.");
        }
        if (magic.startsWith("\u001f\u008b") || magic.startsWith("\u0028\u00b5\u002f\u00fd") || magic.startsWith("PK\u0003\u0004")) {
            throw new DataException("The file " + file + " is compressed: unpack it first.");
        }
        Format named = ofName(file).orElseThrow(() -> new DataException("The format of " + file
                + " shows neither in its name nor in its first bytes: give --format text, jsonl, arrow or parquet."));
        if (named == ARROW || named == PARQUET) {
            throw new DataException("The file " + file + " does not begin as its name says: fetch or write it again, or say with --format what it is.");
        }
        return named;
    }

    static boolean isArrowFile(Path file) {
        return isArrowFile(magic(file));
    }

    private static boolean isArrowFile(String magic) {
        return magic.startsWith("ARROW1");
    }

    /** The first bytes, one a character. */
    private static String magic(Path file) {
        try (InputStream stream = Files.newInputStream(file)) {
            return new String(stream.readNBytes(LONGEST_MAGIC), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new DataException("Cannot read the file " + file + ": name an existing, readable file.", e);
        }
    }
}
