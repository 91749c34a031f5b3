package dev.wuneng.data;

import dev.wuneng.data.arrow.DocumentMetadata;
import dev.wuneng.data.arrow.DocumentWriter;
import dev.wuneng.data.chat.ChatMl;
import dev.wuneng.data.source.Sample;
import dev.wuneng.data.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * Turns text into one document file.
 *
 * <p>All processors encode; the documents stay in the stream's order, and only a few chunks of them are in memory at a
 * time. The file appears when it is complete. {@link TokenizedFolder} is for more text than one file should hold.
 */
public final class Tokenize {

    /** Told now and then how far the work is. */
    @FunctionalInterface
    public interface Progress {

        /** So many documents of so many tokens are written. */
        void update(long documents, long tokens);
    }

    private Tokenize() {
    }

    /**
     * Writes plain text, each document as what the tokenizer puts around a text, the text, and the end-of-text token.
     * All of it is trained on.
     *
     * @throws DataException if the tokenizer has no end-of-text token or the file cannot be written
     */
    public static DocumentMetadata documents(Stream<String> documents, Tokenizer tokenizer, Path file,
            Progress progress) {
        return write(documents.map(Sample.Text::new), new SampleEncoder(tokenizer, false), tokenizer, file, progress);
    }

    /**
     * Writes conversations as {@link ChatMl} lays them out. Trained on are the answers and the ends of their turns.
     *
     * @throws DataException if the tokenizer lacks ChatML's tokens or the file cannot be written
     */
    public static DocumentMetadata conversations(Stream<Sample.Conversation> conversations, Tokenizer tokenizer, Path file,
            Progress progress) {
        return write(conversations, new SampleEncoder(tokenizer, true), tokenizer, file, progress);
    }

    private static DocumentMetadata write(Stream<? extends Sample> samples, SampleEncoder encoder, Tokenizer tokenizer,
            Path file, Progress progress) {
        try (DocumentWriter writer = new DocumentWriter(file, tokenizer.hash(), tokenizer.vocabularySize(),
                encoder.conversations())) {
            ParallelMap.run(samples.iterator(), Sample::characters, encoder::encode, chunk -> {
                chunk.forEach(encoded -> encoded.addTo(writer));
                progress.update(writer.documents(), writer.tokens());
            });
            return writer.finish();
        }
    }
}
