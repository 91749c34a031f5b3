package dev.wuneng.data.source;

import com.google.gson.JsonElement;
import com.google.gson.JsonPrimitive;
import dev.wuneng.data.source.RecordLayout.Fields;
import java.util.ArrayList;
import java.util.List;

/** A question with lettered choices, as in MMLU: the user gives the question and a choice a line, the answer is the letter. */
final class MultipleChoice {

    private static final int LETTERS = 26;

    private MultipleChoice() {
    }

    static Sample conversation(Fields fields) {
        List<String> lines = new ArrayList<>(List.of(fields.text("question")));
        for (JsonElement choice : fields.array("choices")) {
            lines.add(letter(lines.size() - 1) + ". " + fields.text(choice, "choices"));
        }
        return Sample.Conversation.of(String.join("\n", lines), letter(answer(fields, Math.min(lines.size() - 1, LETTERS))));
    }

    private static int answer(Fields fields, int choices) {
        JsonElement answer = fields.values().get("answer");
        for (int i = 0; i < choices; i++) {
            if (answer.equals(new JsonPrimitive(i)) || answer.equals(new JsonPrimitive(letter(i)))) {
                return i;
            }
        }
        throw fields.bad("has in the field answer neither the number (from 0) nor the letter of one of its " + choices
                + " choices: write one there");
    }

    private static String letter(int choice) {
        return String.valueOf((char) ('A' + choice));
    }
}
