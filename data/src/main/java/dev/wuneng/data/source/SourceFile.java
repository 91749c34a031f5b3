package dev.wuneng.data.source;

import dev.wuneng.data.DataException;
import dev.wuneng.data.text.Lines;
import dev.wuneng.data.text.PlainText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

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
     * Begins to read it.
     *
     * @throws DataException if the file cannot be opened
     */
    OpenSource open() {
        RecordLayout layout = new RecordLayout(field);
        return switch (format) {
            case TEXT -> {
                Lines lines = PlainText.lines(path);
                yield new OpenSource(PlainText.documents(lines).map(Sample.Text::new), lines::position);
            }
            case JSONL -> JsonLines.open(path, layout);
            case ARROW -> new ArrowRecords(path, layout).open();
            case PARQUET -> new ParquetRecords(path, bytes, layout).open();
        };
    }
}
