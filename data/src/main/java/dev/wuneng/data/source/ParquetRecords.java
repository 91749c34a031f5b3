package dev.wuneng.data.source;

import com.google.gson.JsonObject;
import dev.hardwood.InputFile;
import dev.hardwood.reader.ParquetFileReader;
import dev.hardwood.reader.RowReader;
import dev.hardwood.schema.ColumnProjection;
import dev.hardwood.schema.SchemaNode;
import dev.wuneng.data.DataException;
import dev.wuneng.data.text.Pulled;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;

/** The records of a Parquet file, bare or compressed with Snappy, gzip or Zstandard. A few pages are in memory at a time. */
final class ParquetRecords {

    // The library tells at level INFO what it runs on. Held here, for the level is lost with the logger.
    private static final Logger LOGGER = Logger.getLogger("dev.hardwood");

    static {
        LOGGER.setLevel(Level.WARNING);
    }

    private final Path file;
    private final long bytes;
    private final RecordLayout layout;
    private final ParquetFileReader reader;
    private final RowReader rows;
    private long number;

    ParquetRecords(Path file, long bytes, RecordLayout layout) {
        this.file = file;
        this.bytes = bytes;
        this.layout = layout;
        try {
            reader = ParquetFileReader.open(InputFile.of(file));
        } catch (IOException | RuntimeException e) {
            throw damaged(e);
        }
        try {
            rows = reader.buildRowReader().projection(ColumnProjection.columns(columns())).build();
        } catch (RuntimeException e) {
            closeFile();
            throw e instanceof DataException ? e : damaged(e);
        }
    }

    OpenSource open() {
        Stream<Sample> samples = Pulled.stream(this::next, this::close)
                .mapMulti((record, down) -> layout.samples(record, "Record " + number + " of " + file).forEach(down));
        return new OpenSource(samples, this::position);
    }

    private String[] columns() {
        List<String> names = reader.getFileSchema().getRootNode().children().stream().map(SchemaNode::name).toList();
        String[] read = names.stream().filter(layout::reads).toArray(String[]::new);
        if (read.length == 0) {
            throw new DataException("The columns of " + file + " (" + String.join(", ", names)
                    + ") are neither a text nor a conversation: name the column of the text with --field.");
        }
        return read;
    }

    private Optional<JsonObject> next() {
        try {
            if (!rows.hasNext()) {
                return Optional.empty();
            }
            rows.next();
            number++;
            return Optional.of(JsonValues.object(rows));
        } catch (RuntimeException e) {
            throw damaged(e);
        }
    }

    /** Records may come from all over the file, so their share of the file is the share of its bytes. */
    private long position() {
        return (long) (bytes * ((double) number / reader.getFileMetaData().numRows()));
    }

    private void close() {
        rows.close();
        closeFile();
    }

    private void closeFile() {
        try {
            reader.close();
        } catch (IOException e) {
            throw damaged(e);
        }
    }

    private DataException damaged(Exception cause) {
        return new DataException("The file " + file + " is not a Parquet file that can be read (" + cause.getMessage()
                + "): fetch or write it again.", cause);
    }
}
