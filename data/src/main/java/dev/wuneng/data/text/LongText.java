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
        int begin = 0;
        while (text.length() - begin > maximum) {
            int end = end(text, begin, maximum);
            parts.add(text.substring(begin, end));
            begin = end;
        }
        parts.add(text.substring(begin));
        return parts;
    }

    /** Where to cut a text that has more than {@code maximum} characters from {@code begin} on: behind a blank, if there is one in their second half. */
    static int end(CharSequence text, int begin, int maximum) {
        int most = begin + maximum;
        for (int end = most; end > begin + maximum / 2; end--) {
            if (Character.isWhitespace(text.charAt(end - 1))) {
                return end;
            }
        }
        // Two chars that are one character stay together.
        return maximum > 1 && Character.isHighSurrogate(text.charAt(most - 1)) ? most - 1 : most;
    }
}
