package dev.wuneng.cli;

import dev.wuneng.data.TokenizedFolder;
import dev.wuneng.data.TokenizedFolder.Done;

/** Shows how far tokenizing is, in bytes of the sources. */
final class TokenizingProgress implements TokenizedFolder.Progress {
    private static final double MEGABYTE = 1e6;

    private Done begin;
    private long start;
    private ProgressLine line;

    @Override
    public void update(Done done) {
        if (begin == null) {
            if (done.documents() > 0) {
                System.out.printf("Goes on after %,d documents%n", done.documents());
            }
            begin = done;
            start = System.nanoTime();
            line = new ProgressLine("tokenize", done.bytes(), done.total(), bytes -> "%,.1f MB".formatted(bytes / MEGABYTE));
            return;
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        line.update(done.bytes(), "%,d documents  %.2f MB/s".formatted(done.documents(), (done.bytes() - begin.bytes()) / MEGABYTE / seconds));
    }
}
