package dev.wuneng.data.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.HashMap;
import java.util.Map;

/** What a {@code tokenizer.json} says of its tokens, whatever its model. */
final class TokenizerJson {

    private static final String ADDED_TOKENS = "added_tokens";

    private TokenizerJson() {
    }

    /** Every token's id. BPE, WordPiece and WordLevel map tokens to ids; Unigram lists tokens with their scores. */
    static Map<String, Integer> ids(JsonObject json) {
        Map<String, Integer> ids = new HashMap<>();
        JsonElement vocabulary = json.getAsJsonObject("model").get("vocab");
        if (vocabulary.isJsonArray()) {
            for (JsonElement entry : vocabulary.getAsJsonArray()) {
                ids.put(entry.getAsJsonArray().get(0).getAsString(), ids.size());
            }
        } else {
            vocabulary.getAsJsonObject().asMap().forEach((token, id) -> ids.put(token, id.getAsInt()));
        }
        for (JsonElement element : addedTokens(json)) {
            JsonObject token = element.getAsJsonObject();
            ids.put(token.get("content").getAsString(), token.get("id").getAsInt());
        }
        return ids;
    }

    /**
     * The same tokenizer without its special tokens. Added tokens that are not special, such as Qwen3's {@code <think>}, stay and keep
     * their ids: the library numbers those that are not in the vocabulary anew, so they are put there.
     */
    static JsonObject withoutSpecialTokens(JsonObject json) {
        JsonArray kept = new JsonArray();
        JsonObject numbers = new JsonObject();
        for (JsonElement token : addedTokens(json)) {
            if (!token.getAsJsonObject().get("special").getAsBoolean()) {
                kept.add(token);
                numbers.add(token.getAsJsonObject().get("content").getAsString(), token.getAsJsonObject().get("id"));
            }
        }
        JsonObject changed = with(json, ADDED_TOKENS, kept);
        JsonObject model = json.getAsJsonObject("model");
        if (model.get("vocab") instanceof JsonObject vocabulary) {
            vocabulary.entrySet().forEach(entry -> numbers.add(entry.getKey(), entry.getValue()));
            changed.add("model", with(model, "vocab", numbers));
        }
        return changed;
    }

    private static JsonObject with(JsonObject json, String field, JsonElement value) {
        JsonObject changed = new JsonObject();
        json.entrySet().forEach(entry -> changed.add(entry.getKey(), entry.getValue()));
        changed.add(field, value);
        return changed;
    }

    private static JsonArray addedTokens(JsonObject json) {
        return json.has(ADDED_TOKENS) ? json.getAsJsonArray(ADDED_TOKENS) : new JsonArray();
    }
}
