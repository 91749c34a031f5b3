package dev.wuneng.data.text;

import java.util.ArrayList;
import java.util.List;

/** Cuts texts that are too long: a tokenizer takes some 200 bytes of memory a character. */
public final class LongText {

    /** A document has no more characters than about this. */
    static final int MAXIMUM = 1 << 20;

    private LongText() {
    }

    /** The text in parts that are short enough, none of it lost. */
    public static List<String> parts(String text) {
        return parts(text, MAXIMUM);
    }

    static List<String> parts(String text, int maximum) {
        List<String> parts = new ArrayList<>();
        String rest = text;
        while (rest.length() > maximum) {
            int end = end(rest, maximum);
            parts.add(rest.substring(0, end));
            rest = rest.substring(end);
        }
        parts.add(rest);
        return parts;
    }

    /** Where to cut a text that has more characters than {@code maximum}: behind a blank, if there is one in the second half. */
    static int end(CharSequence text, int maximum) {
        for (int end = maximum; end > maximum / 2; end--) {
            if (Character.isWhitespace(text.charAt(end - 1))) {
                return end;
            }
        }
        // Two chars that are one character stay together.
        return maximum > 1 && Character.isHighSurrogate(text.charAt(maximum - 1)) ? maximum - 1 : maximum;
    }
}
