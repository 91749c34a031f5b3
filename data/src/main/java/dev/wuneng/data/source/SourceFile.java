package dev.wuneng.data.source;

import dev.wuneng.data.DataException;
import dev.wuneng.data.text.PlainText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A file of texts or conversations.
 *
 * @param format   how it is read
 * @param field    the field of a record that is its text; empty: the record's fields say what it is
 * @param bytes    the file's size and
 * @param modified time of its last change when it was found, which tell whether it is still the same
 */
public record SourceFile(Path path, Format format, Optional<String> field, long bytes, Instant modified) {

    static SourceFile of(Path path, Format format, Optional<String> field) {
        try {
            return new SourceFile(path, format, field, Files.size(path), Files.getLastModifiedTime(path).toInstant());
        } catch (IOException e) {
            throw new DataException("Cannot read the file " + path + ": name an existing, readable file.", e);
        }
    }

    /**
     * The samples in the file's order, read as they are asked for. Close the stream to close the file.
     *
     * @throws DataException if the file cannot be opened, and while reading if it is damaged or a record is neither a
     *                       text nor a conversation
     */
    public Stream<Sample> samples() {
        RecordLayout layout = new RecordLayout(field);
        return switch (format) {
            case TEXT -> PlainText.documents(path).map(Sample.Text::new);
            case JSONL -> JsonLines.samples(path, layout);
            case ARROW -> new ArrowRecords(path, layout).samples();
            case PARQUET -> new ParquetRecords(path, layout).samples();
        };
    }
}
