package dev.wuneng.training.objective;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonParser;
import dev.wuneng.kernels.check.Aliases;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.ModelConfig.CombineMode;
import dev.wuneng.model.ModelConfig.MiddleHeads;
import dev.wuneng.model.decoder.Activations.Keep;
import dev.wuneng.model.decoder.Batch;
import dev.wuneng.model.decoder.Decoder;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.model.parameter.Trainable;
import dev.wuneng.training.Optimizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** What must hold of every program that training builds, whatever the model's choices, before a device ever sees it. */
class ProgramsTest {
    @Test
    void noLaunchWritesABufferThatItGetsTwice() {
        for (Program program : everyProgram(2)) {
            assertEquals(List.of(), Aliases.of(program), program.name());
        }
    }

    @Test
    void programsDoNotGrowWithDepth() {
        List<Program> shallow = everyProgram(2);
        List<Program> deep = everyProgram(5);
        assertTrue(shallow.size() > 50);
        for (int i = 0; i < shallow.size(); i++) {
            assertEquals(shallow.get(i).launches().size(), deep.get(i).launches().size(), shallow.get(i).name());
        }
    }

    @Test
    void aProgramFitsATaskGraph() {
        for (Program program : everyProgram(2)) {
            assertTrue(program.launches().size() <= 256, program.name() + " has " + program.launches().size() + " launches");
        }
    }

    private static List<Program> everyProgram(int layers) {
        List<Program> programs = new ArrayList<>();
        for (MiddleHeads middle : MiddleHeads.values()) {
            for (CombineMode combine : CombineMode.values()) {
                for (boolean modulation : new boolean[] {false, true}) {
                    programs.addAll(programs(middle, combine, modulation, layers));
                }
            }
        }
        return programs;
    }

    private static List<Program> programs(MiddleHeads middle, CombineMode combine, boolean modulation, int layers) {
        ModelConfig config = ModelConfig.of(JsonParser.parseString(("{\"vocab_size\": 64, \"hidden_size\": 24, \"num_hidden_layers\": " + layers
                + ", \"num_attention_heads\": 3, \"num_key_value_heads\": 1, \"head_dim\": 8, \"intermediate_size\": 40, \"state_lora_rank\": 4,"
                + "\"state_heads\": true, \"middle_heads\": \"" + middle + "\", \"combine\": \"" + combine + "\", \"query_modulation\": " + modulation
                + ", \"tie_word_embeddings\": true}").toLowerCase(Locale.ROOT)).getAsJsonObject());
        Batch batch = new Batch(config, 2, 9);
        Parameters student = new Parameters(config, Trainable.ALL);
        Decoder teacher = new Decoder(new Parameters(config.teacher(), Trainable.NONE), batch, Keep.NOTHING);
        Decoder decoder = new Decoder(student, batch, Keep.ALL);
        List<Program> programs = new ArrayList<>(new NextToken(decoder).programs());
        programs.addAll(new Distillation(teacher, decoder, new Distillation.Weights(0.9, 0.1, 2)).programs());
        programs.addAll(new Alignment(teacher, student, new Alignment.Settings(0.5, 1, 0.1, 0.9)).programs());
        programs.addAll(new Optimizer(student, Optimizer.Settings.PUBLISHED).programs());
        return programs;
    }
}
