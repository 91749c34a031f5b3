package dev.wuneng.data.arrow;

import dev.wuneng.data.DataException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a document file says of itself.
 *
 * @param tokenizerHash  the SHA-256 of the tokenizer.json that made the ids
 * @param vocabularySize every id is below it
 * @param documents      documents in the file
 * @param tokens         tokens in all documents
 */
public record DocumentMetadata(String tokenizerHash, int vocabularySize, long documents, long tokens) {

    static final String FORMAT_KEY = "wuneng.format";
    static final String TOKENIZER_KEY = "wuneng.tokenizer.sha256";
    static final String VOCABULARY_KEY = "wuneng.vocab_size";
    static final String DOCUMENTS_KEY = "wuneng.documents";
    static final String TOKENS_KEY = "wuneng.tokens";

    private static final String FORMAT = "1";

    /** The entries known before the first document, for the schema. */
    static Map<String, String> schemaEntries(String tokenizerHash, int vocabularySize) {
        Map<String, String> entries = new LinkedHashMap<>();
        entries.put(FORMAT_KEY, FORMAT);
        entries.put(TOKENIZER_KEY, tokenizerHash);
        entries.put(VOCABULARY_KEY, Integer.toString(vocabularySize));
        return entries;
    }

    /** All entries, for the file's footer. */
    Map<String, String> footerEntries() {
        Map<String, String> entries = schemaEntries(tokenizerHash, vocabularySize);
        entries.put(DOCUMENTS_KEY, Long.toString(documents));
        entries.put(TOKENS_KEY, Long.toString(tokens));
        return entries;
    }

    static DocumentMetadata parse(Path file, Map<String, String> entries) {
        String format = text(file, entries, FORMAT_KEY);
        if (!format.equals(FORMAT)) {
            throw new DataException("The document file " + file + " has " + FORMAT_KEY + " " + format
                    + ", this version reads " + FORMAT + ": tokenize the text again.");
        }
        return new DocumentMetadata(text(file, entries, TOKENIZER_KEY),
                Math.toIntExact(number(file, entries, VOCABULARY_KEY, Integer.MAX_VALUE)),
                number(file, entries, DOCUMENTS_KEY, Long.MAX_VALUE),
                number(file, entries, TOKENS_KEY, Long.MAX_VALUE));
    }

    private static long number(Path file, Map<String, String> entries, String key, long maximum) {
        String text = text(file, entries, key);
        try {
            long number = Long.parseLong(text);
            if (number >= 0 && number <= maximum) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Said below, together with what parses but is out of range.
        }
        throw new DataException("The document file " + file + " has " + key + " \"" + text
                + "\" in its metadata, which is not a count: tokenize the text again.");
    }

    private static String text(Path file, Map<String, String> entries, String key) {
        String text = entries.get(key);
        if (text == null) {
            throw new DataException("The document file " + file + " lacks " + key
                    + " in its metadata: write it with WuNeng's tokenize command.");
        }
        return text;
    }
}
