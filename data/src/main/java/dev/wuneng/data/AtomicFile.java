package dev.wuneng.data;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * A file that appears under its name only when it is complete.
 *
 * <p>The content goes to a temporary file in the same directory. {@link #commit()} forces it to disk and renames it
 * over the target in one step; {@link #close()} without a commit deletes it. A process killed in between leaves a
 * {@code .tmp} file and the old target untouched.
 */
public final class AtomicFile implements AutoCloseable {

    private static final String SUFFIX = ".tmp";

    private final Path target;
    private final Path temporary;

    /**
     * @throws DataException if the target's directory does not exist or cannot be written
     */
    public AtomicFile(Path target) {
        this.target = target;
        Path absolute = target.toAbsolutePath();
        try {
            // Not createTempFile: its permissions (owner only) would stay on the finished file.
            temporary = Files.createFile(
                    absolute.resolveSibling("." + absolute.getFileName() + "." + UUID.randomUUID() + SUFFIX));
        } catch (IOException e) {
            throw new DataException("Cannot write " + target + ": its directory does not exist or is not writable; "
                    + "create it or name another file.", e);
        }
    }

    /** Whether a file is one of these, left by a process that was killed. */
    static boolean isTemporary(Path file) {
        String name = file.getFileName().toString();
        return name.startsWith(".") && name.endsWith(SUFFIX);
    }

    /** The file to write the content to. */
    public Path temporary() {
        return temporary;
    }

    /** Gives the written content its final name, replacing what was there. */
    public void commit() throws IOException {
        // The rename must not reach the disk before the content does.
        try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Deletes the content unless it was committed. */
    @Override
    public void close() throws IOException {
        Files.deleteIfExists(temporary);
    }
}
