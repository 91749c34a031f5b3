package dev.wuneng.data.tokenizer;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.wuneng.data.DataException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;

/**
 * A tokenizer read from a Hugging Face {@code tokenizer.json}, of whatever model it is.
 *
 * <p>Nothing is truncated or padded, whatever the file says. Text is Unicode: an unpaired surrogate, which no UTF-8
 * text holds, counts as U+FFFD. Instances may be used by several threads at once.
 *
 * <p>The work is done by Hugging Face's library, which DJL ships as a native file inside its jar and unpacks once to
 * {@code ~/.djl.ai/tokenizers}; {@code -DDJL_CACHE_DIR=...} names another folder. Nothing is fetched from a network.
 */
public final class Tokenizer implements AutoCloseable {

    static {
        // DJL would otherwise report its use to its makers, and on a CUDA machine fetch another native library.
        if (System.getProperty("ai.djl.offline") == null) {
            System.setProperty("ai.djl.offline", "true");
        }
    }

    private static final String LLAMA_END_OF_TEXT = "</s>";
    private static final int REPLACEMENT_CHARACTER = 0xFFFD;

    private final Path file;
    private final String hash;
    private final Map<String, Integer> ids;
    private final int vocabularySize;
    private final HuggingFaceTokenizer tokenizer;
    // Knows no special tokens, so that text which merely spells one stays text.
    private final HuggingFaceTokenizer ordinary;

    private Tokenizer(Path file, byte[] content) throws IOException {
        this.file = file;
        hash = sha256(content);
        JsonObject json = JsonParser.parseString(new String(content, StandardCharsets.UTF_8)).getAsJsonObject();
        ids = TokenizerJson.ids(json);
        vocabularySize = 1 + Collections.max(ids.values());
        tokenizer = create(content);
        ordinary = create(TokenizerJson.withoutSpecialTokens(json).toString().getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Reads a tokenizer.
     *
     * @param path a {@code tokenizer.json}, or a folder that holds one
     * @throws DataException if it is missing or is not a tokenizer
     */
    public static Tokenizer load(Path path) {
        Path file = Files.isDirectory(path) ? path.resolve("tokenizer.json") : path;
        try {
            return new Tokenizer(file, Files.readAllBytes(file));
        } catch (IOException e) {
            throw new DataException("Cannot read the tokenizer " + file
                    + ": name a tokenizer.json or a folder with one.", e);
        } catch (RuntimeException e) {
            // What the native library refuses arrives as a bare RuntimeException.
            throw new DataException("The file " + file + " is not a Hugging Face tokenizer.json (" + e.getMessage()
                    + "): take the one that belongs to the model.", e);
        }
    }

    /**
     * A text's token ids. A special token spelled in the text is that token, and what the tokenizer's post-processor
     * adds around a text (Llama's begin token; Qwen2 adds nothing) is added.
     */
    public int[] encode(String text) {
        return encode(tokenizer, text, true);
    }

    /**
     * A text's token ids and nothing else: nothing is added, and a special token spelled in the text is ordinary text.
     * So no document can forge the end of a turn.
     */
    public int[] encodeOrdinary(String text) {
        return encode(ordinary, text, false);
    }

    /** As {@link #encodeOrdinary}, with what the post-processor adds around a text: a document of a corpus. */
    public int[] encodeDocument(String text) {
        return encode(ordinary, text, true);
    }

    /**
     * The text that ids stand for. Special tokens stand for none; bytes that are not UTF-8, such as a character cut in
     * half, become U+FFFD.
     */
    public String decode(int[] ids) {
        return tokenizer.decode(Arrays.stream(ids).asLongStream().toArray(), true);
    }

    /** One more than the largest token id. A model's embedding may have more rows, never fewer. */
    public int vocabularySize() {
        return vocabularySize;
    }

    /** The id of a token in the tokenizer's own spelling, special tokens included. */
    public Optional<Integer> id(String token) {
        return Optional.ofNullable(ids.get(token));
    }

    /**
     * The id of a token that the data cannot do without.
     *
     * @throws DataException if the tokenizer lacks it
     */
    public int requiredId(String token) {
        return id(token).orElseThrow(() -> new DataException("The tokenizer " + file + " has no token " + token
                + ": use one that has it, such as Qwen2's or one learned by BpeTrainer."));
    }

    /**
     * The id that ends a document: {@code <|endoftext|>}, or {@code </s>} of the Llama family.
     *
     * @throws DataException if the tokenizer has neither
     */
    public int endOfText() {
        return id(LLAMA_END_OF_TEXT).filter(id -> !ids.containsKey(SpecialTokens.END_OF_TEXT))
                .orElseGet(() -> requiredId(SpecialTokens.END_OF_TEXT));
    }

    /** The tokenizer.json that was read. */
    public Path file() {
        return file;
    }

    /** The SHA-256 of the file, in hexadecimal: what tells whether data and model share a tokenizer. */
    public String hash() {
        return hash;
    }

    @Override
    public void close() {
        tokenizer.close();
        ordinary.close();
    }

    // Straight from the native library: DJL's Encoding also copies spans, masks and strings, which takes as long again.
    private static int[] encode(HuggingFaceTokenizer tokenizer, String text, boolean addSpecialTokens) {
        long encoding = TokenizersLibrary.LIB.encode(tokenizer.getHandle(), wellFormed(text), addSpecialTokens);
        try {
            long[] ids = TokenizersLibrary.LIB.getTokenIds(encoding);
            int[] narrow = new int[ids.length];
            for (int i = 0; i < ids.length; i++) {
                narrow[i] = (int) ids[i];
            }
            return narrow;
        } finally {
            TokenizersLibrary.LIB.deleteEncoding(encoding);
        }
    }

    private static HuggingFaceTokenizer create(byte[] json) throws IOException {
        return HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json),
                Map.of("truncation", "false", "padding", "false"));
    }

    // Passed on as it is, an unpaired surrogate would become three replacement characters.
    private static String wellFormed(String text) {
        if (!hasSurrogate(text)) {
            return text;
        }
        return text.codePoints().map(point -> isSurrogate(point) ? REPLACEMENT_CHARACTER : point)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString();
    }

    // A loop over chars, for this is asked of every text and hardly any has one.
    private static boolean hasSurrogate(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                return true;
            }
        }
        return false;
    }

    private static boolean isSurrogate(int codePoint) {
        return codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
    }

    private static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256", e);
        }
    }
}
