package dev.wuneng.data.tokenizer;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.wuneng.data.AtomicFile;
import dev.wuneng.data.DataException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A learned byte-level BPE vocabulary.
 *
 * @param tokens the tokens in the byte alphabet's spelling, by id, without the special tokens that follow them
 * @param merges the merges in the order to apply them
 */
public record BpeModel(List<String> tokens, List<Merge> merges) {

    private static final Gson GSON =
            new GsonBuilder().disableHtmlEscaping().serializeNulls().setPrettyPrinting().create();

    /** Two adjacent tokens that become one. */
    public record Merge(String left, String right) {

        /** The token they become. */
        public String result() {
            return left + right;
        }
    }

    public BpeModel {
        tokens = List.copyOf(tokens);
        merges = List.copyOf(merges);
    }

    /** Tokens in all, the special ones included. */
    public int vocabularySize() {
        return tokens.size() + SpecialTokens.ALL.size();
    }

    /**
     * Writes the vocabulary as a Hugging Face {@code tokenizer.json} laid out as Qwen2's: NFC, split and byte-level
     * pre-tokenizers, byte-level decoder, nothing added around a text. The file appears complete or not at all.
     *
     * @throws DataException if the file cannot be written
     */
    public void save(Path file) {
        try (AtomicFile atomic = new AtomicFile(file)) {
            Files.writeString(atomic.temporary(), GSON.toJson(json()) + "\n");
            atomic.commit();
        } catch (IOException e) {
            throw new DataException("Cannot write the tokenizer " + file + ": " + e.getMessage() + ".", e);
        }
    }

    private JsonObject json() {
        JsonObject split = object("Split");
        JsonObject pattern = new JsonObject();
        pattern.addProperty("Regex", PreTokenizer.EXPRESSION);
        split.add("pattern", pattern);
        split.addProperty("behavior", "Isolated");
        split.addProperty("invert", false);
        JsonArray steps = new JsonArray();
        steps.add(split);
        steps.add(byteLevel());
        JsonObject preTokenizer = object("Sequence");
        preTokenizer.add("pretokenizers", steps);

        JsonObject root = new JsonObject();
        root.addProperty("version", "1.0");
        root.add("truncation", JsonNull.INSTANCE);
        root.add("padding", JsonNull.INSTANCE);
        root.add("added_tokens", addedTokens());
        root.add("normalizer", object("NFC"));
        root.add("pre_tokenizer", preTokenizer);
        root.add("post_processor", byteLevel());
        root.add("decoder", byteLevel());
        root.add("model", model());
        return root;
    }

    private JsonArray addedTokens() {
        JsonArray added = new JsonArray();
        for (int i = 0; i < SpecialTokens.ALL.size(); i++) {
            JsonObject token = new JsonObject();
            token.addProperty("id", tokens.size() + i);
            token.addProperty("content", SpecialTokens.ALL.get(i));
            for (String flag : List.of("single_word", "lstrip", "rstrip", "normalized")) {
                token.addProperty(flag, false);
            }
            token.addProperty("special", true);
            added.add(token);
        }
        return added;
    }

    private JsonObject model() {
        JsonObject vocabulary = new JsonObject();
        for (int id = 0; id < tokens.size(); id++) {
            vocabulary.addProperty(tokens.get(id), id);
        }
        // No token holds a space, so "left right" is unambiguous, and every version of the format reads it.
        JsonArray rules = new JsonArray();
        merges.forEach(merge -> rules.add(new JsonPrimitive(merge.left() + " " + merge.right())));
        JsonObject model = object("BPE");
        for (String unused : List.of("dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix")) {
            model.add(unused, JsonNull.INSTANCE);
        }
        model.addProperty("fuse_unk", false);
        model.addProperty("byte_fallback", false);
        model.addProperty("ignore_merges", false);
        model.add("vocab", vocabulary);
        model.add("merges", rules);
        return model;
    }

    private static JsonObject byteLevel() {
        JsonObject step = object("ByteLevel");
        for (String flag : List.of("add_prefix_space", "trim_offsets", "use_regex")) {
            step.addProperty(flag, false);
        }
        return step;
    }

    private static JsonObject object(String type) {
        JsonObject object = new JsonObject();
        object.addProperty("type", type);
        return object;
    }
}
