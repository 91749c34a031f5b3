package dev.wuneng.data.tokenizer;

import java.text.Normalizer;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Cuts text into the words within which byte pairs may merge: NFC, then Qwen2's split expression.
 *
 * <p>A word is an English contraction's end, a run of letters with at most one leading other character (mostly its
 * space), a single digit, a run of punctuation, or a run of white space.
 */
final class PreTokenizer {

    /** The expression as a Hugging Face {@code tokenizer.json} states it. */
    static final String EXPRESSION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
            + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    // The tokenizer's engine reads \s as Unicode white space; Java does so only when asked.
    private static final Pattern WORD = Pattern.compile(EXPRESSION, Pattern.UNICODE_CHARACTER_CLASS);

    private PreTokenizer() {
    }

    /** How often each word occurs, in the order of the words, so that learning does not depend on hashing. */
    static Map<String, Long> countWords(Stream<String> texts) {
        Map<String, Counter> counts = new HashMap<>();
        texts.forEach(text -> {
            Matcher words = WORD.matcher(Normalizer.normalize(text, Normalizer.Form.NFC));
            while (words.find()) {
                counts.computeIfAbsent(words.group(), word -> new Counter()).value++;
            }
        });
        Map<String, Long> ordered = new TreeMap<>();
        counts.forEach((word, count) -> ordered.put(word, count.value));
        return ordered;
    }

    private static final class Counter {
        private long value;
    }
}
