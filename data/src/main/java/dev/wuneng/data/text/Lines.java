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

/** The lines of a UTF-8 file, read as they are asked for. A line that would fill the memory is given in parts. */
public final class Lines implements AutoCloseable {

    private final Path file;
    private final FileChannel channel;
    private final Reader reader;
    private final char[] buffer = new char[1 << 15];
    // What of the line is read and not yet given.
    private final StringBuilder line = new StringBuilder();
    private final int maximum;
    private long number;
    // What of the buffer is not yet given: from at to end - 1.
    private int at;
    private int end;
    // The line before ended with \r: a \n that follows belongs to it.
    private boolean afterReturn;
    private boolean cut;

    /**
     * @param maximum characters of a line that are given at once
     * @throws DataException if the file cannot be opened
     */
    public Lines(Path file, int maximum) {
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
     * The next line without its end, or the next part of a long one; nothing at the end of the file.
     *
     * @throws DataException if the file is not UTF-8 or cannot be read
     */
    public Optional<String> next() {
        try {
            if (!fill() && !cut) {
                return Optional.empty();
            }
            if (afterReturn && !cut && buffer[at] == '\n') {
                at++;
                afterReturn = false;
                return next();
            }
            number += cut ? 0 : 1;
            // One character more than the maximum shows that there is more.
            while (fill() && line.length() <= maximum && !isEnd(buffer[at])) {
                int from = at;
                int to = (int) Math.min(end, from + 1L + maximum - line.length());
                while (at < to && !isEnd(buffer[at])) {
                    at++;
                }
                line.append(buffer, from, at - from);
            }
            cut = line.length() > maximum;
            return Optional.of(cut ? take(LongText.end(line, 0, maximum)) : takeAll());
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private static boolean isEnd(char c) {
        return c == '\n' || c == '\r';
    }

    private String takeAll() {
        afterReturn = at < end && buffer[at] == '\r';
        at++;
        return take(line.length());
    }

    private String take(int length) {
        String taken = line.substring(0, length);
        line.delete(0, length);
        return taken;
    }

    /** Whether there is more to give. */
    private boolean fill() throws IOException {
        if (at >= end) {
            end = reader.read(buffer);
            at = 0;
        }
        return end > 0;
    }

    /** Whether the rest of the line that {@link #next} gave last is still to come. */
    public boolean cut() {
        return cut;
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
