package dev.wuneng.data.text;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.wuneng.data.DataException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/** One exchange of a conversation: what the user says and what the assistant should answer. */
public record PromptAnswer(String prompt, String answer) {

    /**
     * Reads exchanges from JSON lines, {@code {"prompt": "…", "answer": "…"}}; other fields are left alone. Close the stream to
     * close the open file.
     *
     * @throws DataException while reading, if a file is missing or a line is not such an object
     */
    public static Stream<PromptAnswer> read(List<Path> files) {
        return files.stream().flatMap(PromptAnswer::read);
    }

    private static Stream<PromptAnswer> read(Path file) {
        try {
            AtomicLong number = new AtomicLong();
            return Files.lines(file, StandardCharsets.UTF_8).map(line -> parse(file, number.incrementAndGet(), line));
        } catch (IOException e) {
            throw new DataException("Cannot read the file " + file + ": name an existing, readable file.", e);
        }
    }

    private static PromptAnswer parse(Path file, long number, String line) {
        try {
            JsonObject json = JsonParser.parseString(line).getAsJsonObject();
            return new PromptAnswer(json.get("prompt").getAsString(), json.get("answer").getAsString());
        } catch (JsonParseException | IllegalStateException | NullPointerException | UnsupportedOperationException e) {
            throw new DataException("Line " + number + " of " + file
                    + " is not a JSON object with the texts prompt and answer: write one such object a line.", e);
        }
    }
}
