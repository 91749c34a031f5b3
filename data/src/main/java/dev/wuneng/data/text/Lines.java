package dev.wuneng.data.text;

import dev.wuneng.data.DataException;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/** The lines of a UTF-8 file, read as they are asked for. A line of unbounded length is refused before it fills the memory. */
public final class Lines implements AutoCloseable {

    private static final int MAXIMUM_CHARACTERS = 1 << 26;

    private final Path file;
    private final FileChannel channel;
    private final Reader reader;
    private final char[] buffer = new char[1 << 15];
    private final StringBuilder line = new StringBuilder();
    private final int maximum;
    private long number;
    // What of the buffer is not yet given: from at to end - 1.
    private int at;
    private int end;
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
            channel = FileChannel.open(file);
        } catch (IOException e) {
            throw unreadable(e);
        }
        // A decoder refuses what is not UTF-8; a character set alone would replace it.
        reader = Channels.newReader(channel, StandardCharsets.UTF_8.newDecoder(), -1);
    }

    /**
     * The next line without its end; nothing at the end of the file.
     *
     * @throws DataException if the file is not UTF-8, cannot be read or the line is too long
     */
    public Optional<String> next() {
        try {
            if (!fill()) {
                return Optional.empty();
            }
            if (afterReturn && buffer[at] == '\n') {
                at++;
                afterReturn = false;
                return next();
            }
            number++;
            line.setLength(0);
            do {
                int from = at;
                while (at < end && buffer[at] != '\n' && buffer[at] != '\r') {
                    at++;
                }
                if (line.length() + at - from > maximum) {
                    throw new DataException("Line " + number + " of " + file + " has more than " + maximum
                            + " characters: break it into shorter ones.");
                }
                line.append(buffer, from, at - from);
            } while (at == end && fill());
            afterReturn = at < end && buffer[at] == '\r';
            at++;
            return Optional.of(line.toString());
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    /** Whether there is more to give. */
    private boolean fill() throws IOException {
        if (at >= end) {
            end = reader.read(buffer);
            at = 0;
        }
        return end > 0;
    }

    /** The number of the line that {@link #next} gave last, from 1. */
    public long number() {
        return number;
    }

    /** How many bytes of the file are read: those of the lines given, and some that follow. */
    public long position() {
        try {
            return channel.position();
        } catch (IOException e) {
            throw unreadable(e);
        }
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
