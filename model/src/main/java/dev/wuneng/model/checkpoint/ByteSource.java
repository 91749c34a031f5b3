package dev.wuneng.model.checkpoint;

import dev.wuneng.model.ModelException;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The bytes of a file, looked at in windows. They are read and not mapped: the page faults of a mapping take longer than the copying, and its pages count as
 * memory of the process until it is gone.
 */
sealed interface ByteSource extends AutoCloseable {

    /** What messages call it. */
    Path file();

    long size();

    /** The bytes from one place on, readable until the arena closes. */
    MemorySegment window(long from, long size, Arena arena);

    @Override
    void close();

    /** Opens a file. */
    static ByteSource open(Path file) {
        try {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
            return new OnDisk(file, channel, channel.size());
        } catch (NoSuchFileException e) {
            throw new ModelException(file + " does not exist: give the path of a safetensors file", e);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static ModelException unreadable(Path file, IOException cause) {
        return new ModelException(file + " cannot be read (" + cause.getMessage() + "): check the file", cause);
    }

    /** A file on disk. */
    record OnDisk(Path file, FileChannel channel, long size) implements ByteSource {
        /** Bytes read at once: a buffer of NIO's has at most 2 GiB. */
        private static final long LARGEST_READ = 1 << 30;

        @Override
        public MemorySegment window(long from, long size, Arena arena) {
            MemorySegment bytes = arena.allocate(size);
            try {
                for (long at = 0; at < size;) {
                    int read = channel.read(bytes.asSlice(at, Math.min(size - at, LARGEST_READ)).asByteBuffer(), from + at);
                    if (read < 0) {
                        throw new EOFException("it became shorter while it was read");
                    }
                    at += read;
                }
                return bytes;
            } catch (IOException e) {
                throw unreadable(file, e);
            }
        }

        @Override
        public void close() {
            try {
                channel.close();
            } catch (IOException e) {
                throw unreadable(file, e);
            }
        }
    }

    /** A file's bytes that are in memory already. */
    record InMemory(Path file, MemorySegment bytes) implements ByteSource {
        @Override
        public long size() {
            return bytes.byteSize();
        }

        @Override
        public MemorySegment window(long from, long size, Arena arena) {
            return bytes.asSlice(from, size);
        }

        @Override
        public void close() {
            // the memory is its owner's
        }
    }
}
