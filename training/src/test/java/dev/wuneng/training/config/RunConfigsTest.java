package dev.wuneng.training.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RunConfigsTest {
    private static final String GOOD = """
            {"student": "m", "data": {"file": "text.arrow", "rows": 2, "length": 8}, "steps": 10, "out": "runs/x"}
            """;

    @TempDir
    Path temp;

    @Test
    void theFileStandsOverTheDefaultsAndSettingsOverTheFile() throws Exception {
        RunConfig config = read(GOOD, "data.rows=4", "learning_rate.start=3e-4", "trainable=a.*, b", "seed=7");
        assertEquals(4, config.data().rows());
        assertEquals(8, config.data().length());
        assertEquals(3e-4, config.learningRate().start());
        assertEquals(1e-5, config.learningRate().min());
        assertEquals(List.of("a.*", "b"), config.trainable());
        assertEquals(7, config.seed());
        assertEquals(RunConfig.Kept.ALL, config.activations());
    }

    @Test
    void whatIsWrittenReadsTheSame() throws Exception {
        RunConfig config = read(GOOD, "activations=inputs");
        assertEquals(config, read(RunConfigs.json(config)));
    }

    @Test
    void eachStageHasItsDefaults() {
        List<String> both = List.of("teacher=t", "data.file=f", "out=o");
        assertEquals(List.of("model.layers.*.self_attn.*"), RunConfigs.read(Stage.ALIGN, null, both).trainable());
        assertEquals(List.of("*"), RunConfigs.read(Stage.DISTILL, null, both).trainable());
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "learning_rate.strat=1      | learning_rate.strat is no key of a configuration: did you mean learning_rate.start?",
        "lenght=8                   | did you mean data.length?",
        "optimiser.beta1=1          | did you mean optimizer.beta1?",
        "data=3                     | data is a block",
        "steps=many                 | steps is many, and must be a whole number",
        "steps=1.5                  | steps is 1.5, and must be a whole number",
        "steps=-1                   | steps is -1, and must be 0",
        "activations=some           | activations is \"some\", and must be one of all, inputs",
        "frozen_dtype=fp8           | frozen_dtype is \"fp8\", and must be one of auto, float32, bfloat16, float16",
        "data.held_out=1000         | data.held_out is 1000, and must be 0 to 999",
        "tokens_per_step=20         | tokens_per_step is 20, and must be a multiple of data.rows times data.length (16), such as 16",
        "learning_rate.min=1        | learning_rate.min is 1.0, and must be 0 up to learning_rate.start",
        "optimizer.beta2=1          | optimizer.beta2 is 1.0, and must be",
        "alignment.low=0.95         | alignment.low is 0.95",
        "model.hidden_size=8        | teacher is null, and must be left out, like model",
        "model.hiden_size=8         | did you mean model.hidden_size?",
        "data.mix=x                 | data.mix is \"x\", and must be a list of blocks",
        "data.mix=[{]               | data.mix is [{], and must be a list of blocks",
        "data.mix=[{'file':'a'}]    | data.mix[0].weight is missing: give a number",
        "data.mix=[{'fle':'a'}]     | data.mix[0].fle is no key of a configuration: did you mean data.mix[].file?",
        "data.mix=[{'file':'a','weight':'b'}] | data.mix[0].weight is \"b\", and must be a number",
        "data.mix=[{'file':'a','weight':1}]   | data.file is text.arrow, and must be left out where data.mix",
        "data.rank=1                | data.rank is 1, and must be 0 or more and less than data.world",
        "data.world=0               | data.world is 0, and must be 1 or more",
        "steps                      | write key=value"})
    void aWrongSettingIsOneSentence(String setting, String message) {
        assertSentence(message, () -> read(GOOD, setting));
    }

    @Test
    void aMixHasFilesAndWeights() throws Exception {
        String mix = """
            {"student": "m", "data": {"mix": [{"file": "a", "weight": 1}, {"file": "b", "weight": 0.5}]}, "out": "runs/x"}
            """;
        RunConfig config = read(mix);
        assertEquals(List.of(new RunConfig.Part("a", 1), new RunConfig.Part("b", 0.5)), config.data().parts());
        assertEquals(config, read(RunConfigs.json(config)));
        assertSentence("run.json: data.mix[1].weight is 0.0, and must be more than 0", () -> read(mix.replace("0.5", "0")));
        assertSentence("run.json: data.mix[1].file is missing", () -> read(mix.replace("\"b\"", "\"\"")));
    }

    @Test
    void theFileIsNamed() {
        assertSentence("run.json: data.rows is \"two\", and must be a whole number", () -> read("{\"data\": {\"rows\": \"two\"}}"));
        assertSentence("run.json: data is 3, and must be a block", () -> read("{\"data\": 3}"));
        assertSentence("run.json is not a JSON object", () -> read("{\"data\": "));
        assertSentence("run.json is not a JSON object", () -> read("[]"));
        assertSentence("run.json: stage is \"align\", and the command is train sft", () -> read("{\"stage\": \"align\"}"));
        assertSentence("data.file is missing: give", () -> read("{\"student\": \"m\"}"));
        assertSentence("cannot be read", () -> RunConfigs.read(Stage.SFT, temp.resolve("none.json"), List.of()));
    }

    @Test
    void aStudentTakesItsFrameFromTheTeacher() {
        List<String> settings = List.of("teacher=t", "data.file=f", "out=o", "model.hidden_size=8");
        assertSentence("must be about state heads only", () -> RunConfigs.read(Stage.ALIGN, null, settings));
    }

    private RunConfig read(String json, String... settings) throws Exception {
        return RunConfigs.read(Stage.SFT, Files.writeString(temp.resolve("run.json"), json), List.of(settings));
    }

    private static void assertSentence(String part, org.junit.jupiter.api.function.Executable action) {
        String message = assertThrows(ConfigException.class, action).getMessage();
        assertTrue(message.contains(part), message);
        assertFalse(message.contains("\n"), message);
    }
}
