package dev.wuneng.data.arrow;

import dev.wuneng.data.AtomicFile;
import dev.wuneng.data.DataException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.ipc.ArrowFileWriter;

/**
 * Writes tokenized documents as an Arrow IPC file, one record a document.
 *
 * <p>The columns are {@code input_ids: list<int32>} and, if wanted, {@code labels: list<int32>}, aligned with the ids,
 * -100 where a token is not trained on. The metadata {@code wuneng.format}, {@code wuneng.tokenizer.sha256} and
 * {@code wuneng.vocab_size} stand in the schema; together with {@code wuneng.documents} and {@code wuneng.tokens},
 * known only at the end, they stand in the file's footer.
 *
 * <p>Memory is bounded by one record batch. The file appears under its name at {@link #finish()}; closed without it,
 * the writer leaves nothing behind.
 */
public final class DocumentWriter implements AutoCloseable {

    /** A record batch ends with the document that reaches this many tokens (1 MiB of ids) ... */
    static final int BATCH_TOKENS = 1 << 18;
    /** ... or with this many documents. */
    static final int BATCH_DOCUMENTS = 4096;

    private final Path file;
    private final String tokenizerHash;
    private final int vocabularySize;
    private final boolean withLabels;
    // Arrow writes the footer's metadata at the very end, out of this map.
    private final Map<String, String> footer = new HashMap<>();

    private final AtomicFile atomic;
    private final FileChannel channel;
    private final BufferAllocator allocator;
    private final VectorSchemaRoot root;
    private final ArrowFileWriter writer;

    private int batchDocuments;
    private int batchTokens;
    private long documents;
    private long tokens;

    /**
     * @param tokenizerHash  {@code Tokenizer.hash()} of what makes the ids
     * @param vocabularySize every id must be below it
     * @param withLabels     whether every document brings labels; otherwise none does
     * @throws DataException if the file cannot be written
     */
    public DocumentWriter(Path file, String tokenizerHash, int vocabularySize, boolean withLabels) {
        this.file = file;
        this.tokenizerHash = tokenizerHash;
        this.vocabularySize = vocabularySize;
        this.withLabels = withLabels;
        atomic = new AtomicFile(file);
        try {
            channel = FileChannel.open(atomic.temporary(), StandardOpenOption.WRITE);
            allocator = new RootAllocator();
            root = VectorSchemaRoot.create(DocumentSchema.of(withLabels,
                    DocumentMetadata.schemaEntries(tokenizerHash, vocabularySize)), allocator);
            writer = new ArrowFileWriter(root, null, channel, footer);
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /**
     * Adds a document whose every token is trained on.
     *
     * @throws DataException if an id is not of the vocabulary
     */
    public void add(int[] inputIds) {
        requireLabels(false);
        append(inputIds, null);
    }

    /**
     * Adds a document with its labels.
     *
     * @throws DataException if an id is not of the vocabulary, a label is neither such an id nor -100, or there are
     *                       more or fewer labels than ids
     */
    public void add(int[] inputIds, int[] labels) {
        requireLabels(true);
        if (labels.length != inputIds.length) {
            throw new DataException("Document " + documents + " of " + file + " has " + inputIds.length
                    + " input_ids but " + labels.length + " labels: give every token one label, -100 for none.");
        }
        append(inputIds, labels);
    }

    /** Documents added so far. */
    public long documents() {
        return documents;
    }

    /** Tokens added so far. */
    public long tokens() {
        return tokens;
    }

    /**
     * Completes the file and gives it its name.
     *
     * @throws DataException if it cannot be written
     */
    public DocumentMetadata finish() {
        DocumentMetadata metadata = new DocumentMetadata(tokenizerHash, vocabularySize, documents, tokens);
        try {
            writeBatch();
            footer.putAll(metadata.footerEntries());
            writer.end();
            atomic.commit();
        } catch (IOException e) {
            throw failed(e);
        }
        return metadata;
    }

    @Override
    public void close() {
        // Not writer.close(): it would write a footer to a file that is to be thrown away.
        try (atomic; channel; allocator) {
            root.close();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private void append(int[] inputIds, int[] labels) {
        TokenChecks checks = new TokenChecks(file, vocabularySize);
        checks.inputIds(MemorySegment.ofArray(inputIds), 0, inputIds.length, documents);
        put(DocumentSchema.INPUT_IDS, inputIds);
        if (labels != null) {
            checks.labels(MemorySegment.ofArray(labels), 0, labels.length, documents);
            put(DocumentSchema.LABELS, labels);
        }
        batchDocuments++;
        batchTokens += inputIds.length;
        documents++;
        tokens += inputIds.length;
        if (batchDocuments == BATCH_DOCUMENTS || batchTokens >= BATCH_TOKENS) {
            try {
                writeBatch();
            } catch (IOException e) {
                throw failed(e);
            }
        }
    }

    private void put(String column, int[] values) {
        ListVector lists = (ListVector) root.getVector(column);
        IntVector items = (IntVector) lists.getDataVector();
        int start = lists.startNewValue(batchDocuments);
        for (int i = 0; i < values.length; i++) {
            items.setSafe(start + i, values[i]);
        }
        lists.endValue(batchDocuments, values.length);
    }

    private void writeBatch() throws IOException {
        if (batchDocuments == 0) {
            return;
        }
        root.setRowCount(batchDocuments);
        writer.writeBatch();
        root.clear();
        batchDocuments = 0;
        batchTokens = 0;
    }

    private void requireLabels(boolean given) {
        if (given != withLabels) {
            throw new IllegalStateException("Either every document of " + file + " has labels or none has");
        }
    }

    private DataException failed(IOException cause) {
        return new DataException("Cannot write the document file " + file + " (" + cause.getMessage()
                + "): check the folder and the free space.", cause);
    }
}
