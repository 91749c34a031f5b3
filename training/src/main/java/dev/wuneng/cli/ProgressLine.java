package dev.wuneng.cli;

import java.io.Console;
import java.io.PrintStream;
import java.time.Duration;
import java.util.function.LongFunction;

/** How far some work is: a bar that is drawn over again on a terminal, a line every few seconds anywhere else. */
public final class ProgressLine {
    private static final int WIDTH = 24;
    private static final long DRAW_NANOS = Duration.ofMillis(100).toNanos();
    private static final long LINE_NANOS = Duration.ofSeconds(10).toNanos();

    private final PrintStream out = System.out;
    private final boolean terminal;
    private final String label;
    private final long first;
    private final long total;
    private final LongFunction<String> words;
    private final long start = System.nanoTime();
    private long shown = start - LINE_NANOS;
    private int drawn;

    /** @param first what was done before, and took none of the time; {@code total} is all there is to do */
    public ProgressLine(String label, long first, long total) {
        this(label, first, total, Long::toString);
    }

    /** @param words how {@code done} and {@code total} are written */
    ProgressLine(String label, long first, long total, LongFunction<String> words) {
        Console console = System.console();
        terminal = console != null && console.isTerminal();
        this.label = label;
        this.first = first;
        this.total = total;
        this.words = words;
    }

    /** Says that so much is done. */
    public void update(long done, String details) {
        long now = System.nanoTime();
        if (now - shown >= (terminal ? DRAW_NANOS : LINE_NANOS) || done == total) {
            shown = now;
            show(done, details, now);
        }
    }

    private void show(long done, String details, long now) {
        double seconds = (now - start) / 1e9;
        double left = done == first ? Double.NaN : seconds / (done - first) * (total - done);
        String text = label + " " + bar(done) + " " + words.apply(done) + "/" + words.apply(total) + "  " + details + "  "
                + (done == total ? "took " + clock(seconds) : clock(left) + " left");
        if (terminal) {
            out.print("\r" + text + " ".repeat(Math.max(0, drawn - text.length())));
            drawn = text.length();
            if (done == total) {
                end();
            }
            out.flush();
        } else {
            out.println(text);
        }
    }

    /** Leaves what is drawn and goes to the next line, for other output. */
    public void end() {
        if (drawn > 0) {
            out.println();
            drawn = 0;
        }
    }

    private String bar(long done) {
        if (!terminal) {
            return "";
        }
        int filled = (int) (WIDTH * done / Math.max(1, total));
        return "[" + "=".repeat(filled) + " ".repeat(WIDTH - filled) + "]";
    }

    /** Minutes and seconds. */
    static String clock(double seconds) {
        if (Double.isNaN(seconds)) {
            return "?";
        }
        long whole = Math.round(seconds);
        return whole >= 3600 ? "%d:%02d:%02d".formatted(whole / 3600, whole / 60 % 60, whole % 60) : "%d:%02d".formatted(whole / 60, whole % 60);
    }
}
