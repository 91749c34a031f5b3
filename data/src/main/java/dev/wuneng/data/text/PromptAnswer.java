package dev.wuneng.data.text;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.wuneng.data.DataException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** One exchange of a conversation: what the user says and what the assistant should answer. */
public record PromptAnswer(String prompt, String answer) {

    /**
     * Reads exchanges from JSON lines in UTF-8, {@code {"prompt": "…", "answer": "…"}}; other fields are left alone. One file at a
     * time is in memory.
     *
     * @throws DataException while reading, if a file is missing or a line is not such an object
     */
    public static Stream<PromptAnswer> read(List<Path> files) {
        return files.stream().flatMap(PromptAnswer::read);
    }

    private static Stream<PromptAnswer> read(Path file) {
        try {
            List<String> lines = Files.readAllLines(file);
            return IntStream.range(0, lines.size()).mapToObj(i -> parse(file, i + 1, lines.get(i)));
        } catch (CharacterCodingException e) {
            throw new DataException("The file " + file + " is not UTF-8: convert it first.", e);
        } catch (IOException e) {
            throw new DataException("Cannot read the file " + file + ": name an existing, readable file.", e);
        }
    }

    private static PromptAnswer parse(Path file, int number, String line) {
        try {
            JsonObject json = JsonParser.parseString(line).getAsJsonObject();
            return new PromptAnswer(json.get("prompt").getAsString(), json.get("answer").getAsString());
        } catch (JsonParseException | IllegalStateException | NullPointerException | UnsupportedOperationException e) {
            throw new DataException("Line " + number + " of " + file
                    + " is not a JSON object with the texts prompt and answer: write one such object a line.", e);
        }
    }
}
