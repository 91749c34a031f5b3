package dev.wuneng.data.arrow;

import dev.wuneng.data.DataException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.arrow.flatbuf.Message;
import org.apache.arrow.flatbuf.MessageHeader;
import org.apache.arrow.flatbuf.RecordBatch;
import org.apache.arrow.compression.CommonsCompressionFactory;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.ForeignAllocation;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.VectorLoader;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.ipc.ArrowFileReader;
import org.apache.arrow.vector.ipc.message.ArrowBlock;
import org.apache.arrow.vector.ipc.message.ArrowRecordBatch;
import org.apache.arrow.vector.ipc.message.MessageSerializer;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * Reads a file of {@link DocumentWriter}, or one of the same schema and metadata made elsewhere, batch by batch.
 *
 * <p>Opening reads the footer and the head of every batch; {@link #batch} checks each token of a batch. The file is mapped
 * into memory, Arrow's vectors lie on the mapping, and so do the documents handed out. Every complaint is a
 * {@link DataException} that names the file. May be used by several threads at once.
 */
public final class DocumentReader implements AutoCloseable {

    // Of a sound file of ours a batch is about 1 MiB. More than this is a file to rewrite in smaller batches, or a
    // damaged length that must not become an allocation.
    private static final long MAXIMUM_BATCH_BYTES = 1L << 28;

    // What stands before a message: the continuation token and the message's length; before Arrow 0.15 only the length.
    private static final int CONTINUATION_PREFIX = 8;
    private static final int LEGACY_PREFIX = 4;

    private final Path file;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment mapped;
    private final Schema schema;
    private final DocumentMetadata metadata;
    private final boolean hasLabels;
    private final List<ArrowBlock> blocks;
    // The index of each batch's first document; then the number of documents.
    private final long[] firstDocuments;

    /**
     * Opens a file.
     *
     * @throws DataException if it is missing, not a complete Arrow file, or not one of documents
     */
    public DocumentReader(Path file) {
        this.file = file;
        if (!Files.isReadable(file) || Files.isDirectory(file)) {
            throw new DataException("Cannot read the document file " + file + ": name an existing, readable file.");
        }
        // All that is needed later is mapped: the reader for the schema and the footer is closed again.
        try (FileChannel channel = FileChannel.open(file);
                BufferAllocator allocator = new RootAllocator(MAXIMUM_BATCH_BYTES);
                ArrowFileReader reader = new ArrowFileReader(channel, allocator)) {
            schema = reader.getVectorSchemaRoot().getSchema();
            DocumentSchema.check(file, schema);
            hasLabels = DocumentSchema.hasLabels(schema);
            // Files made elsewhere have all of it in the schema.
            Map<String, String> entries = new HashMap<>(schema.getCustomMetadata());
            entries.putAll(reader.getMetaData());
            metadata = DocumentMetadata.parse(file, entries);
            blocks = reader.getRecordBlocks();
            mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            firstDocuments = firstDocuments();
        } catch (DataException e) {
            close();
            throw e;
        } catch (IOException | RuntimeException e) {
            close();
            throw damaged(e);
        }
    }

    public DocumentMetadata metadata() {
        return metadata;
    }

    /** Names and types of the columns, those that are not read included. */
    public List<String> columns() {
        return schema.getFields().stream().map(Field::toString).toList();
    }

    /** Whether the file has the {@code labels} column. */
    public boolean hasLabels() {
        return hasLabels;
    }

    /** The number of record batches. */
    public int batches() {
        return blocks.size();
    }

    /** The documents of a batch. */
    public int documents(int batch) {
        return Math.toIntExact(firstDocuments[batch + 1] - firstDocuments[batch]);
    }

    /**
     * Reads a batch, in any order.
     *
     * @throws DataException if it is damaged, or holds a null, a token outside the vocabulary or labels of another
     *                       length
     */
    public synchronized DocumentBatch batch(int batch) {
        if (!arena.scope().isAlive()) {
            throw new IllegalStateException("The document file " + file + " is closed");
        }
        ArrowBlock block = blocks.get(batch);
        try (BufferAllocator allocator = new RootAllocator(2 * MAXIMUM_BATCH_BYTES);
                VectorSchemaRoot root = VectorSchemaRoot.create(schema, allocator)) {
            MemorySegment body = mapped.asSlice(block.getOffset() + block.getMetadataLength(), block.getBodyLength());
            try (ArrowRecordBatch records = MessageSerializer.deserializeRecordBatch(records(block), wrap(body, allocator))) {
                new VectorLoader(root, CommonsCompressionFactory.INSTANCE).load(records);
            }
            TokenColumn inputIds = read(root, DocumentSchema.INPUT_IDS, batch);
            Optional<TokenColumn> labels = Optional.ofNullable(
                    hasLabels ? read(root, DocumentSchema.LABELS, batch) : null);
            check(inputIds, labels, firstDocuments[batch]);
            return new DocumentBatch(firstDocuments[batch], inputIds.offsets(), inputIds.values(),
                    labels.map(TokenColumn::values));
        } catch (DataException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            throw damaged(e);
        }
    }

    /** Not while another thread reads a batch: what it reads would no longer be mapped. Batches handed out cannot be read afterwards. */
    @Override
    public synchronized void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }

    private static ArrowBuf wrap(MemorySegment body, BufferAllocator allocator) {
        return allocator.wrapForeignAllocation(new ForeignAllocation(body.byteSize(), body.address()) {
            @Override
            protected void release0() {
                // The mapping stays until the file is closed.
            }
        });
    }

    private TokenColumn read(VectorSchemaRoot root, String name, int batch) {
        return TokenColumn.of(file, mapped, (ListVector) root.getVector(name), firstDocuments[batch], documents(batch));
    }

    private void check(TokenColumn inputIds, Optional<TokenColumn> labels, long firstDocument) {
        TokenChecks checks = new TokenChecks(file, metadata.vocabularySize());
        for (int i = 0; i < inputIds.size(); i++) {
            int from = inputIds.offsets()[i];
            int to = inputIds.offsets()[i + 1];
            checks.inputIds(inputIds.values(), from, to, firstDocument + i);
            if (labels.isPresent()) {
                int count = labels.get().offsets()[i + 1] - labels.get().offsets()[i];
                if (count != to - from) {
                    throw new DataException("Document " + (firstDocument + i) + " of " + file + " has " + (to - from)
                            + " input_ids but " + count + " labels: give every token one label, -100 for none.");
                }
                checks.labels(labels.get().values(), from, to, firstDocument + i);
            }
        }
    }

    private long[] firstDocuments() throws IOException {
        long[] first = new long[blocks.size() + 1];
        for (int i = 0; i < blocks.size(); i++) {
            first[i + 1] = first[i] + documentsOf(blocks.get(i));
        }
        if (first[blocks.size()] != metadata.documents()) {
            throw new DataException("The document file " + file + " holds " + first[blocks.size()]
                    + " documents but says " + DocumentMetadata.DOCUMENTS_KEY + " " + metadata.documents() + ": tokenize the text again.");
        }
        return first;
    }

    /** The number of documents that a batch's message states, without reading the batch. */
    private int documentsOf(ArrowBlock block) throws IOException {
        if (block.getBodyLength() > MAXIMUM_BATCH_BYTES) {
            throw new DataException("A record batch of " + file + " has " + (block.getBodyLength() >> 20)
                    + " MiB: write the file in batches of at most " + (MAXIMUM_BATCH_BYTES >> 20) + " MiB.");
        }
        int metadataLength = block.getMetadataLength();
        if (block.getOffset() < 0 || block.getBodyLength() < 0 || metadataLength < CONTINUATION_PREFIX
                || block.getOffset() > mapped.byteSize() - metadataLength - block.getBodyLength()) {
            throw new IOException("a record batch lies outside the file");
        }
        return Math.toIntExact(records(block).length());
    }

    /** The head of a batch: where its buffers are in the block. */
    private RecordBatch records(ArrowBlock block) throws IOException {
        ByteBuffer message = mapped.asSlice(block.getOffset(), block.getMetadataLength()).asByteBuffer()
                .order(ByteOrder.LITTLE_ENDIAN);
        message.position(message.getInt(0) == MessageSerializer.IPC_CONTINUATION_TOKEN ? CONTINUATION_PREFIX
                : LEGACY_PREFIX);
        Message header = Message.getRootAsMessage(message.slice());
        if (header.headerType() != MessageHeader.RecordBatch || header.bodyLength() != block.getBodyLength()) {
            throw new IOException("a record batch is missing");
        }
        return (RecordBatch) header.header(new RecordBatch());
    }

    private DataException damaged(Exception cause) {
        return new DataException("The file " + file + " is not a complete Arrow IPC file (" + cause.getMessage()
                + "): tokenize the text again.", cause);
    }
}
