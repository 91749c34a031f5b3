package dev.wuneng.model.checkpoint;

import dev.wuneng.model.ModelException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The bytes of a file, looked at in windows. A file is mapped a window at a time and not as a whole: the pages of a mapping count as memory
 * of the process until it is gone, and a model's file can be larger than the machine's memory.
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
            return new Mapped(file, channel, channel.size());
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
    record Mapped(Path file, FileChannel channel, long size) implements ByteSource {
        @Override
        public MemorySegment window(long from, long size, Arena arena) {
            try {
                return channel.map(FileChannel.MapMode.READ_ONLY, from, size, arena);
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
