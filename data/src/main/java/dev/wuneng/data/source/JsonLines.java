package dev.wuneng.data.source;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.wuneng.data.DataException;
import dev.wuneng.data.text.Lines;
import dev.wuneng.data.text.Pulled;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** A JSON object a line; blank lines are passed over. */
final class JsonLines {

    /** A record beyond this has no place in memory. */
    private static final int MAXIMUM_CHARACTERS = 1 << 24;

    private JsonLines() {
    }

    static OpenSource open(Path file, RecordLayout layout) {
        Lines lines = new Lines(file, MAXIMUM_CHARACTERS);
        Stream<Sample> samples = Pulled.stream(lines::next, lines::close).filter(line -> !line.isBlank()).mapMulti((line, down) -> {
            String place = "Line " + lines.number() + " of " + file;
            if (lines.cut()) {
                throw new DataException(place + " has more than " + MAXIMUM_CHARACTERS + " characters: write shorter records.");
            }
            parse(line, place, layout).forEach(down);
        });
        return new OpenSource(samples, lines::position);
    }

    private static List<Sample> parse(String line, String place, RecordLayout layout) {
        Optional<JsonObject> object;
        try {
            object = Optional.of(JsonParser.parseString(line).getAsJsonObject());
        } catch (JsonParseException | IllegalStateException e) {
            throw new DataException(place + " is not a JSON object: write one object a line.", e);
        }
        return layout.samples(object.get(), place);
    }
}
