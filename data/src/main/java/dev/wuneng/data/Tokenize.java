package dev.wuneng.data;

import dev.wuneng.data.arrow.DocumentBatch;
import dev.wuneng.data.arrow.DocumentMetadata;
import dev.wuneng.data.arrow.DocumentWriter;
import dev.wuneng.data.text.PromptAnswer;
import dev.wuneng.data.tokenizer.ChatMl;
import dev.wuneng.data.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Gatherers;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Turns text into a document file.
 *
 * <p>All processors encode; the documents stay in the stream's order, and only a few chunks of them are in memory at a
 * time. The file appears when it is complete.
 */
public final class Tokenize {

    // A chunk is worth handing to another thread, and small enough to keep a progress display moving.
    private static final int CHUNK = 256;

    /** Told now and then how far the work is. */
    @FunctionalInterface
    public interface Progress {

        /** So many documents of so many tokens are written. */
        void update(long documents, long tokens);
    }

    private record Encoded(int[] inputIds, int[] labels) {
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
        int[] end = {tokenizer.endOfText()};
        return write(documents, text -> new Encoded(join(tokenizer.encodeDocument(text), end), null), tokenizer, file,
                false, progress);
    }

    /**
     * Writes conversations of one exchange as {@link ChatMl} lays them out. Trained on are the answer and its end of turn.
     *
     * @throws DataException if the tokenizer lacks ChatML's tokens or the file cannot be written
     */
    public static DocumentMetadata conversations(Stream<PromptAnswer> pairs, Tokenizer tokenizer, Path file,
            Progress progress) {
        ChatMl chat = new ChatMl(tokenizer);
        int[] close = chat.close();
        return write(pairs, pair -> {
            int[] question = chat.question(pair.prompt());
            int[] answer = chat.answer(pair.answer());
            return new Encoded(join(question, answer, close), join(ignored(question), answer, ignored(close)));
        }, tokenizer, file, true, progress);
    }

    private static <T> DocumentMetadata write(Stream<T> texts, Function<T, Encoded> encode, Tokenizer tokenizer,
            Path file, boolean withLabels, Progress progress) {
        int vocabularySize = tokenizer.vocabularySize();
        try (DocumentWriter writer = new DocumentWriter(file, tokenizer.hash(), vocabularySize, withLabels)) {
            texts.gather(Gatherers.windowFixed(CHUNK))
                    .gather(Gatherers.mapConcurrent(Runtime.getRuntime().availableProcessors(),
                            chunk -> chunk.stream().map(encode).toList()))
                    .forEachOrdered(chunk -> {
                        add(writer, chunk);
                        progress.update(writer.documents(), writer.tokens());
                    });
            return writer.finish();
        }
    }

    private static void add(DocumentWriter writer, List<Encoded> chunk) {
        for (Encoded document : chunk) {
            if (document.labels() == null) {
                writer.add(document.inputIds());
            } else {
                writer.add(document.inputIds(), document.labels());
            }
        }
    }

    private static int[] ignored(int[] tokens) {
        return IntStream.generate(() -> DocumentBatch.IGNORED).limit(tokens.length).toArray();
    }

    private static int[] join(int[]... parts) {
        return Stream.of(parts).flatMapToInt(IntStream::of).toArray();
    }
}
