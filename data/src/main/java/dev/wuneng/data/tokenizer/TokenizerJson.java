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

    /** The same tokenizer without its special tokens. */
    static JsonObject withoutSpecialTokens(JsonObject json) {
        JsonArray kept = new JsonArray();
        for (JsonElement token : addedTokens(json)) {
            if (!token.getAsJsonObject().get("special").getAsBoolean()) {
                kept.add(token);
            }
        }
        JsonObject changed = new JsonObject();
        json.entrySet().forEach(entry -> changed.add(entry.getKey(), entry.getValue()));
        changed.add(ADDED_TOKENS, kept);
        return changed;
    }

    private static JsonArray addedTokens(JsonObject json) {
        return json.has(ADDED_TOKENS) ? json.getAsJsonArray(ADDED_TOKENS) : new JsonArray();
    }
}
