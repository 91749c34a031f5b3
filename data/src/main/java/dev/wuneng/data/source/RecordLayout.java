package dev.wuneng.data.source;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.wuneng.data.DataException;
import dev.wuneng.data.text.LongText;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What the fields of a record mean. The first of these that a record has all fields of:
 *
 * <pre>
 * messages                        [{"role": "user", "content": "…"}, …]
 * question, choices, answer       four choices, say, and the number (from 0) or the letter of the right one
 * prompt | question, completion | answer
 * instruction, instances          self-instruct: [{"input": "…", "output": "…"}, …], a conversation each
 * instruction, output             Alpaca; also an input, which may be empty
 * text                            a text
 * </pre>
 *
 * @param field the field that is the record's text instead, whatever the others are
 */
record RecordLayout(Optional<String> field) {

    private static final List<String> PROMPTS = List.of("prompt", "question");
    private static final List<String> ANSWERS = List.of("completion", "answer");
    private static final Set<String> KNOWN = Set.of("messages", "prompt", "question", "choices", "completion", "answer",
            "instruction", "instances", "input", "output", "text");

    /** Whether the samples depend on the field. */
    boolean reads(String name) {
        return field.map(name::equals).orElseGet(() -> KNOWN.contains(name));
    }

    /**
     * The samples of a record.
     *
     * @param place where the record stands, to begin a complaint with: "Line 3 of x.jsonl"
     * @throws DataException if the fields are of no known layout, or one is not what the layout says
     */
    List<Sample> samples(JsonObject values, String place) {
        Fields fields = new Fields(values, place);
        if (field.isPresent()) {
            return texts(fields.text(field.get()));
        }
        if (fields.has("messages")) {
            return List.of(messages(fields));
        }
        Optional<String> prompt = PROMPTS.stream().filter(fields::has).findFirst();
        Optional<String> answer = ANSWERS.stream().filter(fields::has).findFirst();
        if (fields.has("choices") && fields.has("question") && fields.has("answer")) {
            return List.of(MultipleChoice.conversation(fields));
        }
        if (prompt.isPresent() && answer.isPresent()) {
            return List.of(Sample.Conversation.of(fields.text(prompt.get()), fields.text(answer.get())));
        }
        if (fields.has("instruction") && fields.has("instances")) {
            String instruction = fields.text("instruction");
            return fields.objects("instances").stream().map(instance -> instruction(instruction, instance)).toList();
        }
        if (fields.has("instruction") && fields.has("output")) {
            return List.of(instruction(fields.text("instruction"), fields));
        }
        if (fields.has("text")) {
            return texts(fields.text("text"));
        }
        throw fields.bad("is neither a text nor a conversation (it has the fields " + String.join(", ", values.keySet())
                + "): name the field of the text with --field");
    }

    private static List<Sample> texts(String text) {
        return LongText.parts(text).stream().<Sample>map(Sample.Text::new).toList();
    }

    private static Sample messages(Fields fields) {
        List<Sample.Turn> turns = fields.objects("messages").stream()
                .map(message -> new Sample.Turn(message.text("role"), message.text("content"))).toList();
        if (turns.stream().noneMatch(turn -> turn.role().equals(Sample.Turn.ASSISTANT))) {
            throw fields.bad("has messages without one of the role assistant, so there is nothing to learn: leave it out");
        }
        return new Sample.Conversation(turns);
    }

    private static Sample instruction(String instruction, Fields fields) {
        String input = fields.has("input") ? fields.text("input") : "";
        return Sample.Conversation.of(input.isBlank() ? instruction : instruction + "\n\n" + input, fields.text("output"));
    }

    /** Fields by name, with complaints that say where they stand. */
    record Fields(JsonObject values, String place) {

        boolean has(String name) {
            return values.has(name) && !values.get(name).isJsonNull();
        }

        String text(String name) {
            return text(values.get(name), name);
        }

        /** The value as a text. */
        String text(JsonElement value, String name) {
            if (value instanceof JsonPrimitive primitive && primitive.isString()) {
                return primitive.getAsString();
            }
            throw bad("has no text in the field " + name + ": write one there, or leave the record out");
        }

        List<Fields> objects(String name) {
            List<Fields> objects = new ArrayList<>();
            for (JsonElement element : array(name)) {
                if (!(element instanceof JsonObject object)) {
                    throw bad("has something other than objects in the field " + name + ": write objects there");
                }
                objects.add(new Fields(object, place + ", " + name + " " + objects.size()));
            }
            return objects;
        }

        JsonArray array(String name) {
            if (values.get(name) instanceof JsonArray array) {
                return array;
            }
            throw bad("has no list in the field " + name + ": write one there, or name the field of the text with --field");
        }

        DataException bad(String what) {
            return new DataException(place + " " + what + ".");
        }
    }
}
