package dev.wuneng.data;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import dev.wuneng.data.source.SourceFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a folder of document files says of itself: its {@value #NAME}.
 *
 * <pre>{@code
 * {"format": 1, "complete": true, "tokenizer_sha256": "…", "vocabulary_size": 151669, "conversations": false,
 *  "shard_tokens": 67108864, "sources": [{"path": "a.jsonl", "format": "JSONL", "field": "text", "bytes": 12, "modified": "2026-…Z"}],
 *  "shards": [{"file": "part-00000.arrow", "bytes": 9, "documents": 3, "tokens": 40, "next": {"source": 0, "sample": 3}}]}
 * }</pre>
 *
 * @param complete      whether all sources are in the shards; otherwise tokenizing was stopped and goes on behind the
 *                      last shard's {@code next}
 * @param conversations whether the documents have labels
 * @param shardTokens   a shard ends with the document that reaches so many tokens
 */
public record Manifest(int format, boolean complete, String tokenizerSha256, int vocabularySize, boolean conversations,
        long shardTokens, List<Source> sources, List<Shard> shards) {

    public static final String NAME = "manifest.json";
    static final int FORMAT = 1;

    private static final Gson GSON = new GsonBuilder().setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
            .disableHtmlEscaping().setPrettyPrinting().create();

    /** A file that the documents were made of. {@code field} is null where the records' fields said what they are. */
    public record Source(String path, String format, String field, long bytes, String modified) {

        static Source of(SourceFile file) {
            return new Source(file.path().toString(), file.format().name(), file.field().orElse(null), file.bytes(),
                    file.modified().toString());
        }
    }

    /** A document file of the folder. */
    public record Shard(String file, long bytes, long documents, long tokens, Place next) {
    }

    /** A sample, by the number of its source and its own number there: the first that is not yet in a shard. */
    public record Place(int source, long sample) {

        static final Place START = new Place(0, 0);
    }

    /**
     * Reads the manifest of a folder; nothing if it has none.
     *
     * @throws DataException if it cannot be read or is of another version
     */
    public static Optional<Manifest> read(Path folder) {
        Path file = folder.resolve(NAME);
        try {
            Manifest manifest = GSON.fromJson(Files.readString(file), Manifest.class);
            if (manifest == null || Stream.of(manifest.tokenizerSha256, manifest.sources, manifest.shards).anyMatch(Objects::isNull)
                    || manifest.shards.stream().anyMatch(shard -> shard == null || shard.file == null || shard.next == null)) {
                throw new JsonParseException("it is not complete");
            }
            if (manifest.format != FORMAT) {
                throw new DataException("The manifest " + file + " has format " + manifest.format + ", this version reads "
                        + FORMAT + ": tokenize the text again.");
            }
            return Optional.of(manifest);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException | JsonParseException e) {
            throw new DataException("Cannot read the manifest " + file + " (" + e.getMessage()
                    + "): delete the folder and tokenize the text again.", e);
        }
    }

    /** Writes it; what was there is replaced in one step. */
    void write(Path folder) {
        try (AtomicFile atomic = new AtomicFile(folder.resolve(NAME))) {
            Files.writeString(atomic.temporary(), GSON.toJson(this) + "\n");
            atomic.commit();
        } catch (IOException e) {
            throw new DataException("Cannot write the manifest of " + folder + " (" + e.getMessage()
                    + "): check the folder and the free space.", e);
        }
    }

    /** Documents of all shards. */
    public long documents() {
        return shards.stream().mapToLong(Shard::documents).sum();
    }

    /** Tokens of all shards. */
    public long tokens() {
        return shards.stream().mapToLong(Shard::tokens).sum();
    }

    /** Where the first sample stands that is not in a shard. */
    Place next() {
        return shards.isEmpty() ? Place.START : shards.getLast().next();
    }

    Manifest with(Shard shard) {
        List<Shard> all = Stream.concat(shards.stream(), Stream.of(shard)).toList();
        return new Manifest(format, complete, tokenizerSha256, vocabularySize, conversations, shardTokens, sources, all);
    }

    Manifest completed() {
        return new Manifest(format, true, tokenizerSha256, vocabularySize, conversations, shardTokens, sources, shards);
    }

    /** Whether the other one is of the same work, however far each is. */
    boolean isOfSameWork(Manifest other) {
        return tokenizerSha256.equals(other.tokenizerSha256) && vocabularySize == other.vocabularySize
                && conversations == other.conversations && shardTokens == other.shardTokens && sources.equals(other.sources);
    }
}
