package dev.wuneng.cli;

import dev.wuneng.data.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.function.Consumer;

/** Turns tokens into text as they come. A token may be part of a character: such text waits for the rest. */
final class TextStream {
    private static final char INCOMPLETE = '\uFFFD';

    private final Tokenizer tokenizer;
    private final Consumer<String> out;
    private int[] ids = {};
    private int printed;

    TextStream(Tokenizer tokenizer, Consumer<String> out) {
        this.tokenizer = tokenizer;
        this.out = out;
    }

    void add(int... more) {
        int length = ids.length;
        ids = Arrays.copyOf(ids, length + more.length);
        System.arraycopy(more, 0, ids, length, more.length);
        String text = tokenizer.decode(ids);
        int end = text.length();
        while (end > printed && text.charAt(end - 1) == INCOMPLETE) {
            end--;
        }
        if (end > printed) {
            out.accept(text.substring(printed, end));
            printed = end;
        }
    }
}
