package dev.wuneng.data.chat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.wuneng.data.DataException;
import dev.wuneng.data.source.Sample.Turn;
import dev.wuneng.data.tokenizer.SpecialTokens;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The chat template that a tokenizer comes with, of those of the Qwen family: in {@code chat_template.jinja} or as
 * {@code chat_template} in {@code tokenizer_config.json}.
 *
 * <p>Templates are Jinja programs, and no Jinja for the JVM runs Qwen3's. But all of the family write ChatML; they differ in the system's
 * turn where a conversation has none, and Qwen3's in how it treats thoughts. So a template is not run: it is recognised by the hash of its
 * text, the words of its system's turn aside, and what it does is done here. Any other is refused, since a model that is trained on another
 * layout than its own does badly without a sign of it.
 */
public final class ChatTemplate {

    private enum Form { CHATML, QWEN3 }

    /** SHA-256 of templates, with line breaks as {@code \n} and with {@link #WORDS} for the words of the system's turn. */
    private static final Map<String, Form> KNOWN = Map.of(
            // Qwen1.5, Qwen2
            "a4513c4b6aa14e63dd26a5512423d6e8afaf68b7a09706db8e50463e1735a3bc", Form.CHATML,
            // Qwen2.5
            "6732cfb919ca3b262798c2858361569a9aecf885daafc5846cbb529282c5c7bb", Form.CHATML,
            // Plain ChatML, without and with a default for add_generation_prompt
            "fcf7a096fe99a48fd9ad2b250bf9237e96e8f48bffec1c7ea4d3f225176cd40e", Form.CHATML,
            "d7b5b8c7b58f7a6bf868aa46a5f73ee976d7292f40fcb9c3e7a1defd8d235cfb", Form.CHATML,
            // Qwen3
            "cefd4ea810a1433a1b7155b8768429b9d13e2a1c0d08f635f63fee4547c8bb8f", Form.QWEN3);
    private static final String WORDS = "DEFAULT";
    private static final Pattern SYSTEM = Pattern.compile("<\\|im_start\\|>system\\\\n([^'\"{}\\\\]+)<\\|im_end\\|>");
    private static final Set<String> ROLES = Set.of("system", "user", "assistant");
    private static final String OPEN = "<think>";
    private static final String CLOSE = "</think>";
    private static final ChatTemplate NONE = new ChatTemplate(null, Form.CHATML, null);

    private final Path file;
    private final Form form;
    private final String system;

    private ChatTemplate(Path file, Form form, String system) {
        this.file = file;
        this.form = form;
        this.system = system;
    }

    /**
     * The template that belongs to a tokenizer. Without any it is plain ChatML, with any role.
     *
     * @param tokenizer a {@code tokenizer.json}; the template's file stands beside it
     * @throws DataException if there is a template that is not known
     */
    public static ChatTemplate beside(Path tokenizer) {
        Path own = tokenizer.resolveSibling("chat_template.jinja");
        Path config = tokenizer.resolveSibling("tokenizer_config.json");
        try {
            if (Files.exists(own)) {
                return recognise(own, Files.readString(own));
            }
            if (Files.exists(config)) {
                return template(JsonParser.parseString(Files.readString(config)).getAsJsonObject())
                        .map(text -> recognise(config, text)).orElse(NONE);
            }
            return NONE;
        } catch (IOException | JsonParseException | IllegalStateException | NullPointerException e) {
            throw new DataException("Cannot read the chat template beside " + tokenizer
                    + ": copy its chat_template.jinja and tokenizer_config.json again.", e);
        }
    }

    /** A text, or a list of named ones with one of the name "default". */
    private static Optional<String> template(JsonObject config) {
        JsonElement template = config.get("chat_template");
        if (template == null || template.isJsonNull()) {
            return Optional.empty();
        }
        if (template.isJsonArray()) {
            return template.getAsJsonArray().asList().stream().map(JsonElement::getAsJsonObject)
                    .filter(named -> named.get("name").getAsString().equals("default")).map(named -> named.get("template").getAsString()).findFirst();
        }
        return Optional.of(template.getAsString());
    }

    private static ChatTemplate recognise(Path file, String template) {
        String text = template.strip().replace("\n", "\\n");
        Matcher matcher = SYSTEM.matcher(text);
        String system = matcher.find() ? matcher.group(1) : null;
        Form form = KNOWN.get(sha256(system == null ? text : text.replace(system, WORDS)));
        if (form == null) {
            throw new DataException("The chat template in " + file + " is none of those rendered here,"
                    + " of Qwen1.5, Qwen2, Qwen2.5, Qwen3 and plain ChatML: put one of these in its place, or remove it for plain ChatML.");
        }
        return new ChatTemplate(file, form, system);
    }

    /**
     * A conversation as the template has it: each turn that this returns is to be written as ChatML.
     *
     * @throws DataException if a turn has a role that the template treats in a way of its own
     */
    public List<Turn> turns(List<Turn> conversation) {
        for (Turn turn : conversation) {
            if (file != null && !ROLES.contains(turn.role())) {
                throw new DataException("A conversation has a turn of the role " + turn.role() + ", and of the chat template in " + file
                        + " only system, user and assistant are rendered: leave such conversations out.");
            }
        }
        List<Turn> turns = new ArrayList<>();
        if (system != null && (conversation.isEmpty() || !conversation.getFirst().role().equals("system"))) {
            turns.add(new Turn("system", system));
        }
        int query = lastQuery(conversation);
        for (int i = 0; i < conversation.size(); i++) {
            Turn turn = conversation.get(i);
            turns.add(form == Form.QWEN3 && turn.role().equals(Turn.ASSISTANT) ? thoughtful(turn, i > query, i == conversation.size() - 1) : turn);
        }
        return turns;
    }

    /**
     * The text of a conversation in ChatML.
     *
     * @param answering whether it ends with the beginning of an assistant's turn, for a model to go on
     */
    public String render(List<Turn> conversation, boolean answering) {
        return turns(conversation).stream()
                .map(turn -> SpecialTokens.TURN_START + turn.role() + "\n" + turn.content() + SpecialTokens.TURN_END + "\n")
                .collect(Collectors.joining()) + (answering ? SpecialTokens.TURN_START + "assistant\n" : "");
    }

    /** Where the last thing that a user asked stands; what tools answered is in the user's name too. */
    private static int lastQuery(List<Turn> conversation) {
        for (int i = conversation.size() - 1; i >= 0; i--) {
            Turn turn = conversation.get(i);
            if (turn.role().equals(Turn.USER) && !(turn.content().startsWith("<tool_response>") && turn.content().endsWith("</tool_response>"))) {
                return i;
            }
        }
        return conversation.size() - 1;
    }

    /** Qwen3 leaves the thoughts of former answers out, and gives the last answer a place for them even if it has none. */
    private static Turn thoughtful(Turn turn, boolean current, boolean last) {
        String content = turn.content();
        String thoughts = "";
        if (content.contains(CLOSE)) {
            thoughts = stripEnd(content.substring(0, content.indexOf(CLOSE)));
            if (thoughts.contains(OPEN)) {
                thoughts = thoughts.substring(thoughts.lastIndexOf(OPEN) + OPEN.length());
            }
            thoughts = stripStart(thoughts);
            content = stripStart(content.substring(content.lastIndexOf(CLOSE) + CLOSE.length()));
        }
        if (current && (last || !thoughts.isEmpty())) {
            content = OPEN + "\n" + stripStart(stripEnd(thoughts)) + "\n" + CLOSE + "\n\n" + stripStart(content);
        }
        return new Turn(turn.role(), content);
    }

    private static String stripStart(String text) {
        return text.replaceFirst("^\n+", "");
    }

    private static String stripEnd(String text) {
        return text.replaceFirst("\n+\\z", "");
    }

    private static String sha256(String text) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256", e);
        }
    }
}
