package dev.wuneng.data.chat;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import dev.wuneng.data.DataException;
import dev.wuneng.data.External;
import dev.wuneng.data.arrow.DocumentBatch;
import dev.wuneng.data.source.Sample.Turn;
import dev.wuneng.data.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Templates against what Jinja2, set up as Transformers does, makes of them: {@code rendered.jsonl} holds conversations and their texts (one
 * exchange, many, empty turns, thoughts, late and lone turns, with and without the beginning of an answer).
 */
class ChatTemplateTest {

    private static final String CHATML = "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n'"
            + " + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
    private static final Pattern ANSWER = Pattern.compile("(?<=<\\|im_start\\|>assistant\n).*?<\\|im_end\\|>", Pattern.DOTALL);

    @TempDir
    private Path folder;

    @Test
    void plainChatMlIsRenderedAsJinjaDoes() throws IOException {
        assertEquals(36, check("chatml", template(CHATML)));
        assertEquals(36, check("chatml", ChatTemplate.beside(Path.of("none/tokenizer.json"))));
    }

    @Test
    void qwen3IsRenderedAsJinjaDoes() throws IOException {
        Path config = External.shared("real/qwen3-tokenizer/tokenizer_config.json");
        assertEquals(36, check("qwen3", ChatTemplate.beside(config.resolveSibling("tokenizer.json"))));
    }

    @Test
    void theWordsOfTheSystemAreTheTemplates() throws IOException {
        String qwen2 = "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
                + "{{ '<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n' }}{% endif %}"
                + CHATML.substring(CHATML.indexOf("{{")).replace("\\n", "\n");
        assertEquals(36, check("qwen2.5", template(qwen2)));
        assertEquals("Speak like a sailor.", template(qwen2.replaceAll("You are Qwen.*assistant\\.", "Speak like a sailor."))
                .turns(List.of(new Turn("user", "x"))).getFirst().content());
    }

    @Test
    void othersAreRefused() throws IOException {
        DataException refused = assertThrows(DataException.class, () -> template(CHATML.replace("\\n'}}", "\\n\\n'}}")));
        assertTrue(refused.getMessage().contains("tokenizer_config.json is none of those rendered here"), refused.getMessage());
        ChatTemplate known = template(CHATML);
        assertTrue(assertThrows(DataException.class, () -> known.turns(List.of(new Turn("tool", "x")))).getMessage().contains("the role tool"));
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"chat_template\": [{\"name\": \"rag\", \"template\": \"x\"},"
                + " {\"name\": \"default\", \"template\": "
                + new JsonPrimitive(CHATML) + "}]}");
        assertEquals(36, check("chatml", ChatTemplate.beside(folder.resolve("tokenizer.json"))));
        Files.writeString(folder.resolve("chat_template.jinja"), "{{ messages }}");
        assertRefused("chat_template.jinja is none");
        Files.delete(folder.resolve("chat_template.jinja"));
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"chat_template\":");
        assertRefused("Cannot read the chat template");
    }

    /** Tokens and labels are those of the rendered text: learnt is what stands behind the beginning of an answer, up to the end of its turn. */
    @Test
    void labelsAreTheAnswersOfTheRenderedText() throws IOException {
        int learnt = 0;
        int refused = 0;
        try (Tokenizer tokenizer = Tokenizer.load(External.shared("real/qwen3-tokenizer/tokenizer.json"))) {
            ChatMl chat = new ChatMl(tokenizer);
            for (JsonObject line : lines().filter(l -> l.get("template").getAsString().equals("qwen3")).toList()) {
                String text = line.get("rendered").getAsString();
                if (line.get("add_generation_prompt").getAsBoolean()) {
                    continue;
                }
                if (!text.contains("<|im_start|>assistant")) {
                    assertTrue(assertThrows(DataException.class, () -> chat.encode(turns(line))).getMessage().contains("nothing to learn"));
                    refused++;
                    continue;
                }
                ChatMl.Labelled labelled = chat.encode(turns(line));
                assertArrayEquals(tokenizer.encode(text), labelled.inputIds(), text);
                int[] answers = ANSWER.matcher(text).results().flatMapToInt(answer -> Arrays.stream(tokenizer.encode(answer.group()))).toArray();
                assertArrayEquals(answers, Arrays.stream(labelled.labels()).filter(label -> label != DocumentBatch.IGNORED).toArray(), text);
                for (int i = 0; i < labelled.labels().length; i++) {
                    assertTrue(labelled.labels()[i] == DocumentBatch.IGNORED || labelled.labels()[i] == labelled.inputIds()[i]);
                }
                learnt++;
            }
        }
        assertEquals(18, learnt + refused);
        assertTrue(learnt > 10 && refused > 0, learnt + " and " + refused);
    }

    private void assertRefused(String part) {
        String message = assertThrows(DataException.class, () -> ChatTemplate.beside(folder.resolve("tokenizer.json"))).getMessage();
        assertTrue(message.contains(part), message);
    }

    private ChatTemplate template(String text) throws IOException {
        JsonObject config = new JsonObject();
        config.addProperty("chat_template", text);
        Files.writeString(folder.resolve("tokenizer_config.json"), config.toString());
        return ChatTemplate.beside(folder.resolve("tokenizer.json"));
    }

    private static int check(String name, ChatTemplate template) throws IOException {
        int checked = 0;
        for (JsonObject line : lines().filter(l -> l.get("template").getAsString().equals(name)).toList()) {
            List<Turn> turns = turns(line);
            assertEquals(line.get("rendered").getAsString(), template.render(turns, line.get("add_generation_prompt").getAsBoolean()), turns.toString());
            checked++;
        }
        return checked;
    }

    private static List<Turn> turns(JsonObject line) {
        return line.getAsJsonArray("messages").asList().stream().map(JsonElement::getAsJsonObject)
                .map(m -> new Turn(m.get("role").getAsString(), m.get("content").getAsString())).toList();
    }

    private static Stream<JsonObject> lines() throws IOException {
        try (InputStream in = ChatTemplateTest.class.getResourceAsStream("/chat/rendered.jsonl")) {
            return Stream.of(new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n"))
                    .map(line -> JsonParser.parseString(line).getAsJsonObject());
        }
    }
}
