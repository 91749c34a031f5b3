package dev.wuneng.data.source;

import com.google.gson.JsonObject;
import dev.wuneng.data.DataException;
import dev.wuneng.data.text.Pulled;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.arrow.compression.CommonsCompressionFactory;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowFileReader;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.ipc.ArrowStreamReader;

/**
 * The records of an Arrow IPC file (Feather version 2) or stream, bare or compressed with LZ4 or Zstandard. One record
 * batch is in memory at a time.
 */
final class ArrowRecords {

    // A damaged length must not become an allocation of the whole memory.
    private static final long MAXIMUM_BYTES = 1L << 31;

    private final Path file;
    private final RecordLayout layout;
    private final FileChannel channel;
    private final BufferAllocator allocator = new RootAllocator(MAXIMUM_BYTES);
    private final ArrowReader reader;
    private int row;
    private long number;
    // The columns that the layout reads, and how many rows of the batch they hold.
    private List<FieldVector> columns = List.of();
    private int rows;

    ArrowRecords(Path file, RecordLayout layout) {
        this.file = file;
        this.layout = layout;
        try {
            channel = FileChannel.open(file);
        } catch (IOException e) {
            allocator.close();
            throw new DataException("Cannot read the file " + file + ": name an existing, readable file.", e);
        }
        reader = Format.isArrowFile(file) ? new ArrowFileReader(channel, allocator, CommonsCompressionFactory.INSTANCE)
                : new ArrowStreamReader(channel, allocator, CommonsCompressionFactory.INSTANCE);
    }

    OpenSource open() {
        Stream<Sample> samples = Pulled.stream(this::next, this::close)
                .mapMulti((record, down) -> layout.samples(record, "Record " + number + " of " + file).forEach(down));
        return new OpenSource(samples, this::position);
    }

    private Optional<JsonObject> next() {
        try {
            while (row == rows) {
                if (!reader.loadNextBatch()) {
                    return Optional.empty();
                }
                VectorSchemaRoot root = reader.getVectorSchemaRoot();
                columns = root.getFieldVectors().stream().filter(column -> layout.reads(column.getName())).toList();
                checkColumns(root);
                rows = root.getRowCount();
                row = 0;
            }
            JsonObject record = new JsonObject();
            for (FieldVector column : columns) {
                record.add(column.getName(), JsonValues.of(column.getObject(row)));
            }
            row++;
            number++;
            return Optional.of(record);
        } catch (DataException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            throw damaged(e);
        }
    }

    private long position() {
        try {
            return channel.position();
        } catch (IOException e) {
            throw damaged(e);
        }
    }

    private void checkColumns(VectorSchemaRoot root) {
        if (columns.isEmpty()) {
            throw new DataException("The columns of " + file + " ("
                    + String.join(", ", root.getFieldVectors().stream().map(FieldVector::getName).toList())
                    + ") are neither a text nor a conversation: name the column of the text with --field.");
        }
        columns.stream().filter(column -> column.getField().getDictionary() != null).findFirst().ifPresent(column -> {
            throw new DataException("The column " + column.getName() + " of " + file
                    + " is encoded with a dictionary: write the file with plain values.");
        });
    }

    private void close() {
        // Arrow's reader gives its buffers back, then the allocator checks that none is left.
        try (allocator; channel) {
            reader.close();
        } catch (IOException e) {
            throw damaged(e);
        }
    }

    private DataException damaged(Exception cause) {
        return new DataException("The file " + file + " is not a complete Arrow file or stream (" + cause.getMessage()
                + "): fetch or write it again.", cause);
    }
}
