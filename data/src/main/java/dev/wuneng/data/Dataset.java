package dev.wuneng.data;

import dev.wuneng.data.arrow.DocumentBatch;
import dev.wuneng.data.arrow.DocumentMetadata;
import dev.wuneng.data.arrow.DocumentReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Tokenized documents of one file, or of a folder of {@link TokenizedFolder}, in one numbering of documents and of
 * record batches. The files are mapped into memory, not loaded. May be used by several threads at once.
 */
public final class Dataset implements AutoCloseable {

    private final Path path;
    private final List<DocumentReader> shards = new ArrayList<>();
    // The number of each shard's first batch and document; then how many there are.
    private final int[] firstBatches;
    private final long[] firstDocuments;
    private final DocumentMetadata metadata;

    private Dataset(Path path, List<Path> files) {
        this.path = path;
        firstBatches = new int[files.size() + 1];
        firstDocuments = new long[files.size() + 1];
        long tokens = 0;
        try {
            for (int i = 0; i < files.size(); i++) {
                DocumentReader shard = new DocumentReader(files.get(i));
                shards.add(shard);
                checkSame(shard, files.get(i));
                firstBatches[i + 1] = Math.addExact(firstBatches[i], shard.batches());
                firstDocuments[i + 1] = firstDocuments[i] + shard.metadata().documents();
                tokens += shard.metadata().tokens();
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
        DocumentMetadata first = shards.getFirst().metadata();
        metadata = new DocumentMetadata(first.tokenizerHash(), first.vocabularySize(), firstDocuments[files.size()], tokens);
    }

    /**
     * Opens a document file or a folder of them.
     *
     * @throws DataException if it is missing, damaged, not complete or not one of documents
     */
    public static Dataset open(Path path) {
        if (!Files.isDirectory(path)) {
            return new Dataset(path, List.of(path));
        }
        Manifest manifest = Manifest.read(path).orElseThrow(() -> new DataException("The folder " + path + " has no "
                + Manifest.NAME + ": name a folder that the tokenize command wrote, or a single file."));
        if (!manifest.complete() || manifest.shards().isEmpty()) {
            throw new DataException("The folder " + path + " is not complete: start the same tokenize command again, which goes on "
                    + "where it was stopped.");
        }
        Dataset dataset = new Dataset(path, manifest.shards().stream().map(shard -> path.resolve(shard.file())).toList());
        for (int i = 0; i < dataset.shards.size(); i++) {
            DocumentMetadata shard = dataset.shards.get(i).metadata();
            Manifest.Shard stated = manifest.shards().get(i);
            if (shard.documents() != stated.documents() || shard.tokens() != stated.tokens()
                    || !shard.tokenizerHash().equals(manifest.tokenizerSha256())) {
                dataset.close();
                throw new DataException("The shard " + path.resolve(stated.file()) + " is not the one that " + Manifest.NAME
                        + " describes: delete the folder and tokenize the text again.");
            }
        }
        return dataset;
    }

    /** The file or folder. */
    public Path path() {
        return path;
    }

    /** What all files together say of themselves. */
    public DocumentMetadata metadata() {
        return metadata;
    }

    /** Names and types of the first file's columns. */
    public List<String> columns() {
        return shards.getFirst().columns();
    }

    /** Whether documents have labels. */
    public boolean hasLabels() {
        return shards.getFirst().hasLabels();
    }

    /** The number of files. */
    public int shards() {
        return shards.size();
    }

    /** The number of record batches. */
    public int batches() {
        return firstBatches[shards.size()];
    }

    /**
     * Reads a batch, in any order.
     *
     * @throws DataException if it is damaged, or holds what no model can look up
     */
    public DocumentBatch batch(int batch) {
        int found = Arrays.binarySearch(firstBatches, batch);
        int shard = found < 0 ? -found - 2 : found;
        // Of shards without batches, the one behind them is meant.
        while (firstBatches[shard + 1] == firstBatches[shard]) {
            shard++;
        }
        return shards.get(shard).batch(batch - firstBatches[shard]).from(firstDocuments[shard]);
    }

    @Override
    public void close() {
        shards.forEach(DocumentReader::close);
    }

    private void checkSame(DocumentReader shard, Path file) {
        DocumentReader first = shards.getFirst();
        if (!shard.metadata().tokenizerHash().equals(first.metadata().tokenizerHash()) || shard.hasLabels() != first.hasLabels()
                || shard.metadata().vocabularySize() != first.metadata().vocabularySize()) {
            throw new DataException("The shard " + file + " was made by another tokenizer than the first one, or only one of them "
                    + "has labels: delete the folder and tokenize the text again.");
        }
    }
}
