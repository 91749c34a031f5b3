package dev.wuneng.data.source;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Words of one meaning, as a line of WordNet's {@code data.POS} states it.
 *
 * @param words      the words, as written in text
 * @param definition the gloss up to its first example
 * @param examples   the gloss's quoted uses
 */
record Synset(List<String> words, String definition, List<String> examples) {

    private static final String GLOSS_MARK = " | ";

    // Where an adjective may stand: "galore(ip)" comes right after its noun.
    private static final Pattern SYNTACTIC_MARKER = Pattern.compile("\\((a|p|ip)\\)$");

    private static final Pattern EXAMPLE = Pattern.compile("[;:,]\\s*\"([^\"]+)\"");

    /**
     * Parses {@code offset lex_filenum ss_type w_cnt word lex_id [word lex_id...] ... | gloss}, w_cnt in hexadecimal.
     *
     * @throws IllegalArgumentException  if a number does not parse or there is no gloss
     * @throws IndexOutOfBoundsException if fields are missing
     */
    static Synset parse(String line) {
        int mark = line.indexOf(GLOSS_MARK);
        if (mark < 0) {
            throw new IllegalArgumentException("no gloss");
        }
        String[] fields = line.substring(0, mark).split(" ");
        int count = Integer.parseInt(fields[3], 16);
        List<String> words = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            words.add(SYNTACTIC_MARKER.matcher(fields[4 + 2 * i]).replaceFirst("").replace('_', ' '));
        }
        return parseGloss(words, line.substring(mark + GLOSS_MARK.length()).strip());
    }

    /** How the word is written in this synset, given without regard to case. */
    String spelling(String word) {
        return words.stream().filter(word::equalsIgnoreCase).findFirst().orElse(word);
    }

    private static Synset parseGloss(List<String> words, String gloss) {
        List<String> examples = new ArrayList<>();
        int definitionEnd = gloss.length();
        Matcher matcher = EXAMPLE.matcher(gloss);
        while (matcher.find()) {
            if (examples.isEmpty()) {
                definitionEnd = matcher.start();
            }
            examples.add(matcher.group(1).strip());
        }
        String definition = gloss.substring(0, definitionEnd).strip();
        // A few glosses are nothing but a quotation.
        return definition.isEmpty() ? new Synset(words, gloss, List.of()) : new Synset(words, definition, examples);
    }
}
