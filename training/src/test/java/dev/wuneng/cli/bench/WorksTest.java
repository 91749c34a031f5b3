package dev.wuneng.cli.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.model.parameter.Trainable;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class WorksTest {
    private static final Path BENCH = Path.of("../bench");

    @Test
    void theShapeOfQwenHasItsParameters() {
        assertEquals(494_032_768, new Parameters(shape("qwen2.5-0.5b.json").config().teacher(), Trainable.NONE).count(false));
    }

    @Test
    void thePeerIsToldWhatARowNames() {
        Map<String, Work> rows = Works.all(shape("nano.json"), shape("qwen2.5-0.5b.json", "state_heads=false")).stream()
                .collect(Collectors.toMap(Work::name, Function.identity()));
        JsonObject linear = rows.get("linear forward 8 × 4864 × 896 bfloat16").peer();
        assertEquals(List.of(8, 4864, 896), List.of(linear.get("rows").getAsInt(), linear.get("out").getAsInt(), linear.get("in").getAsInt()));
        assertEquals("bfloat16", linear.get("dtype").getAsString());
        // As many weights as make 200 MB, the last of them beyond it.
        assertTrue((linear.get("weights").getAsInt() - 1) * 4864 * 896 * 2 < 200_000_000 && linear.get("weights").getAsInt() * 4864 * 896 * 2 >= 200_000_000);
        assertEquals("float32", rows.get("linear forward 8 × 4864 × 896").peer().get("dtype").getAsString());
        assertEquals(1, rows.get("linear forward 512 × 4864 × 896").peer().get("weights").getAsInt());
        JsonObject model = rows.get("generate").peer().getAsJsonObject("model");
        assertFalse(model.get("state_heads").getAsBoolean());
        assertEquals(896, model.get("hidden_size").getAsInt());
    }

    private static ModelShape shape(String file, String... settings) {
        return ModelShape.read(BENCH.resolve(file), List.of(settings));
    }
}
