package dev.wuneng.data;

import dev.wuneng.data.SampleEncoder.Encoded;
import dev.wuneng.data.arrow.DocumentMetadata;
import dev.wuneng.data.arrow.DocumentWriter;
import dev.wuneng.data.source.PlacedSamples;
import dev.wuneng.data.source.PlacedSamples.Placed;
import dev.wuneng.data.source.Sample;
import dev.wuneng.data.source.SourceFile;
import dev.wuneng.data.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Turns files of any size into a folder of document files, {@code part-00000.arrow} and so on, with a {@link Manifest}.
 *
 * <p>All processors encode; the documents stay in the sources' order, and memory is bounded by a few chunks of them.
 * A shard ends with the document that reaches a number of tokens, so the same sources always give the same bytes. After
 * a kill the same call goes on behind the last finished shard.
 */
public final class TokenizedFolder {

    /** 256 MiB of ids: few files, and little to do again after a kill. */
    public static final long SHARD_TOKENS = 1L << 26;

    private final List<SourceFile> sources;
    private final Tokenizer tokenizer;
    private final SampleEncoder encoder;
    private final Path folder;
    private final Progress progress;
    /** Bytes of all sources. */
    private final long total;

    private Manifest manifest;
    private DocumentWriter writer;
    private Manifest.Place next;

    /**
     * How far the work is. The sources count as a whole only when everything is written.
     *
     * @param bytes     how many bytes of the sources are read
     * @param total     how many they have
     * @param documents how many documents are written
     */
    public record Done(long bytes, long total, long documents) {
    }

    /** Told where the work begins, now and then how far it is, and when all is done. */
    @FunctionalInterface
    public interface Progress {

        void update(Done done);
    }

    private record PlacedEncoded(Manifest.Place next, Encoded encoded) {
    }

    private TokenizedFolder(List<SourceFile> sources, Tokenizer tokenizer, boolean conversations, Path folder, long shardTokens,
            Progress progress) {
        this.sources = sources;
        this.tokenizer = tokenizer;
        this.folder = folder;
        this.progress = progress;
        total = sources.stream().mapToLong(SourceFile::bytes).sum();
        encoder = new SampleEncoder(tokenizer, conversations);
        manifest = new Manifest(Manifest.FORMAT, false, tokenizer.hash(), tokenizer.vocabularySize(), conversations, shardTokens,
                sources.stream().map(Manifest.Source::of).toList(), List.of());
    }

    /**
     * Writes the folder, or what of it is missing.
     *
     * @param shardTokens a shard ends with the document that reaches so many tokens: {@link #SHARD_TOKENS}
     * @throws DataException if a source cannot be used, the sources hold nothing or both texts and conversations, or the
     *                       folder holds something else or documents of other sources or settings
     */
    public static Manifest write(List<SourceFile> sources, Tokenizer tokenizer, Path folder, long shardTokens,
            Progress progress) {
        return new TokenizedFolder(sources, tokenizer, holdConversations(sources), folder, shardTokens, progress).run();
    }

    private static boolean holdConversations(List<SourceFile> sources) {
        try (PlacedSamples samples = new PlacedSamples(sources, 0, 0)) {
            if (!samples.hasNext()) {
                throw new DataException("There is no text in " + sources.getFirst().path()
                        + (sources.size() > 1 ? " and the other sources" : "") + ": name files that hold some.");
            }
            return samples.next().sample() instanceof Sample.Conversation;
        }
    }

    private Manifest run() {
        prepareFolder();
        if (manifest.complete()) {
            return manifest;
        }
        next = manifest.next();
        try (PlacedSamples samples = new PlacedSamples(sources, next.source(), next.sample())) {
            report(samples.bytes());
            ParallelMap.run(samples, placed -> placed.sample().characters(), this::encode, chunk -> {
                chunk.forEach(this::add);
                report(samples.bytes());
            });
            finishShard();
        } finally {
            if (writer != null) {
                writer.close();
            }
        }
        manifest = manifest.completed();
        manifest.write(folder);
        progress.update(new Done(total, total, manifest.documents()));
        return manifest;
    }

    private void report(long read) {
        long documents = manifest.documents() + (writer == null ? 0 : writer.documents());
        // What is read is not yet written.
        progress.update(new Done(Math.min(read, total - 1), total, documents));
    }

    private PlacedEncoded encode(Placed placed) {
        return new PlacedEncoded(new Manifest.Place(placed.source(), placed.number() + 1), encoder.encode(placed.sample()));
    }

    private void add(PlacedEncoded placed) {
        if (writer == null) {
            writer = new DocumentWriter(folder.resolve(shardName()), tokenizer.hash(), tokenizer.vocabularySize(),
                    encoder.conversations());
        }
        placed.encoded().addTo(writer);
        next = placed.next();
        if (writer.tokens() >= manifest.shardTokens()) {
            finishShard();
        }
    }

    private void finishShard() {
        if (writer == null) {
            return;
        }
        String name = shardName();
        try {
            DocumentMetadata written = writer.finish();
            writer.close();
            writer = null;
            manifest = manifest.with(new Manifest.Shard(name, Files.size(folder.resolve(name)), written.documents(), written.tokens(), next));
        } catch (IOException e) {
            throw new DataException("Cannot read the shard " + folder.resolve(name) + " that was just written: check the folder.", e);
        }
        manifest.write(folder);
    }

    private String shardName() {
        return String.format("part-%05d.arrow", manifest.shards().size());
    }

    private void prepareFolder() {
        try {
            Files.createDirectories(folder);
            Manifest.read(folder).ifPresentOrElse(this::goOn, this::requireEmpty);
            try (Stream<Path> left = Files.list(folder)) {
                for (Path path : left.filter(AtomicFile::isTemporary).toList()) {
                    Files.delete(path);
                }
            }
        } catch (IOException e) {
            throw new DataException("Cannot write to the folder " + folder + " (" + e.getMessage() + "): name another folder.", e);
        }
        manifest.write(folder);
    }

    private void goOn(Manifest found) {
        if (!found.isOfSameWork(manifest)) {
            throw new DataException("The folder " + folder + " holds documents of other sources, another tokenizer or other "
                    + "settings: delete it or name another one.");
        }
        for (Manifest.Shard shard : found.shards()) {
            Path file = folder.resolve(shard.file());
            if (!Files.exists(file) || file.toFile().length() != shard.bytes()) {
                throw new DataException("The shard " + file + " is missing or was changed: delete the folder and tokenize the text again.");
            }
        }
        manifest = found;
    }

    private void requireEmpty() {
        try (Stream<Path> files = Files.list(folder)) {
            if (files.anyMatch(file -> !AtomicFile.isTemporary(file))) {
                throw new DataException("The folder " + folder + " holds other files: name an empty or a new one.");
            }
        } catch (IOException e) {
            throw new DataException("Cannot list the folder " + folder + ": make it readable.", e);
        }
    }
}
