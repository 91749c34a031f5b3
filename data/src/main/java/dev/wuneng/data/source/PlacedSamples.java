package dev.wuneng.data.source;

import dev.wuneng.data.DataException;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.Stream;

/** The samples of several files, one file after another, each with its place. One file at a time is open. */
public final class PlacedSamples implements Iterator<PlacedSamples.Placed>, AutoCloseable {

    /** A sample, the number of its file, and its own number in the file. */
    public record Placed(int source, long number, Sample sample) {
    }

    private final List<SourceFile> files;
    private int source;
    private long number;
    // Bytes of the files before the open one.
    private long before;
    private OpenSource open = new OpenSource(Stream.empty(), () -> 0);
    private Iterator<Sample> samples = open.samples().iterator();

    /**
     * @param source where to begin: the number of a file, and
     * @param number the number of a sample there; those before it are read, but not given
     */
    public PlacedSamples(List<SourceFile> files, int source, long number) {
        this.files = files;
        this.source = source - 1;
        before = files.stream().limit(Math.max(0, this.source)).mapToLong(SourceFile::bytes).sum();
        if (source < files.size() && number > 0) {
            openNext();
            while (this.number < number) {
                if (!samples.hasNext()) {
                    throw new DataException("The file " + files.get(source).path() + " has become shorter: tokenize into another folder.");
                }
                samples.next();
                this.number++;
            }
        }
    }

    @Override
    public boolean hasNext() {
        while (!samples.hasNext()) {
            if (source + 1 >= files.size()) {
                return false;
            }
            openNext();
        }
        return true;
    }

    @Override
    public Placed next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        return new Placed(source, number++, samples.next());
    }

    /** How many bytes of all files are read. */
    public long bytes() {
        return before + open.position().getAsLong();
    }

    @Override
    public void close() {
        open.samples().close();
    }

    private void openNext() {
        open.samples().close();
        before += source < 0 ? 0 : files.get(source).bytes();
        source++;
        number = 0;
        open = files.get(source).open();
        samples = open.samples().iterator();
    }
}
