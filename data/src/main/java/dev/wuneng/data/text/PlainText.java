package dev.wuneng.data.text;

import dev.wuneng.data.DataException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** UTF-8 text files as documents: every paragraph, that is lines up to a blank one, is a document. */
public final class PlainText {

    private PlainText() {
    }

    /**
     * The paragraphs of the files, in order, read as they are asked for. Close the stream to close the open file.
     *
     * @throws DataException at once if a file is missing, and while reading if one is not UTF-8
     */
    public static Stream<String> documents(List<Path> files) {
        for (Path file : files) {
            if (!Files.isReadable(file) || Files.isDirectory(file)) {
                throw new DataException("Cannot read the text file " + file + ": name an existing, readable file.");
            }
        }
        return files.stream().flatMap(PlainText::documents);
    }

    private static Stream<String> documents(Path file) {
        try {
            Paragraphs paragraphs = new Paragraphs(file, Files.newBufferedReader(file, StandardCharsets.UTF_8));
            return StreamSupport.stream(paragraphs, false).onClose(paragraphs::close);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static DataException unreadable(Path file, IOException cause) {
        if (cause instanceof CharacterCodingException) {
            return new DataException("The text file " + file + " is not UTF-8: convert it first.", cause);
        }
        return new DataException("Cannot read the text file " + file + ": " + cause.getMessage() + ".", cause);
    }

    private static final class Paragraphs extends Spliterators.AbstractSpliterator<String> {

        private final Path file;
        private final BufferedReader reader;

        private Paragraphs(Path file, BufferedReader reader) {
            super(Long.MAX_VALUE, Spliterator.ORDERED | Spliterator.NONNULL);
            this.file = file;
            this.reader = reader;
        }

        @Override
        public boolean tryAdvance(Consumer<? super String> action) {
            Optional<String> paragraph = next();
            paragraph.ifPresent(action);
            return paragraph.isPresent();
        }

        private Optional<String> next() {
            StringBuilder paragraph = new StringBuilder();
            try {
                for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                    if (!line.isBlank()) {
                        paragraph.append(paragraph.isEmpty() ? "" : "\n").append(line);
                    } else if (!paragraph.isEmpty()) {
                        break;
                    }
                }
            } catch (IOException e) {
                throw unreadable(file, e);
            }
            return paragraph.isEmpty() ? Optional.empty() : Optional.of(paragraph.toString());
        }

        private void close() {
            try {
                reader.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
