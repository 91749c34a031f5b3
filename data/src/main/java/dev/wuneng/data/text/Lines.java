package dev.wuneng.data.text;

import dev.wuneng.data.DataException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The lines of a UTF-8 file, read as they are asked for. A line of unbounded length is refused before it fills the memory. */
public final class Lines implements AutoCloseable {

    private static final int MAXIMUM_CHARACTERS = 1 << 26;

    private final Path file;
    private final BufferedReader reader;
    private final StringBuilder line = new StringBuilder();
    private final int maximum;
    private long number;
    // The line before ended with \r: a \n that follows belongs to it.
    private boolean afterReturn;

    /**
     * @throws DataException if the file cannot be opened
     */
    public Lines(Path file) {
        this(file, MAXIMUM_CHARACTERS);
    }

    Lines(Path file, int maximum) {
        this.file = file;
        this.maximum = maximum;
        try {
            reader = Files.newBufferedReader(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    /**
     * The next line without its end; nothing at the end of the file.
     *
     * @throws DataException if the file is not UTF-8, cannot be read or the line is too long
     */
    public Optional<String> next() {
        try {
            int c = reader.read();
            if (afterReturn && c == '\n') {
                c = reader.read();
            }
            if (c < 0) {
                return Optional.empty();
            }
            number++;
            line.setLength(0);
            for (; c >= 0 && c != '\n' && c != '\r'; c = reader.read()) {
                if (line.length() == maximum) {
                    throw new DataException("Line " + number + " of " + file + " has more than " + maximum
                            + " characters: break it into shorter ones.");
                }
                line.append((char) c);
            }
            afterReturn = c == '\r';
            return Optional.of(line.toString());
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    /** The number of the line that {@link #next} gave last, from 1. */
    public long number() {
        return number;
    }

    @Override
    public void close() {
        try {
            reader.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private DataException unreadable(IOException cause) {
        if (cause instanceof CharacterCodingException) {
            return new DataException("The text file " + file + " is not UTF-8: convert it first.", cause);
        }
        return new DataException("Cannot read the text file " + file + ": name an existing, readable file.", cause);
    }
}
