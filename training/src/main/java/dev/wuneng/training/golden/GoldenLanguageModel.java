package dev.wuneng.training.golden;

import dev.wuneng.kernels.check.Tolerance;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.checkpoint.Safetensors;
import dev.wuneng.model.decoder.Activations.Keep;
import dev.wuneng.model.decoder.Batch;
import dev.wuneng.model.decoder.Decoder;
import dev.wuneng.model.decoder.LanguageHead;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.model.parameter.Trainable;
import dev.wuneng.training.StepTotals;
import dev.wuneng.training.TokenArrays;
import dev.wuneng.training.objective.NextToken;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A whole model, forward and backward: activations of every layer, logits, loss and all gradients. */
final class GoldenLanguageModel {
    private GoldenLanguageModel() {
    }

    static void check(Safetensors file, ModelConfig config, Executor executor, GoldenReport report) {
        int[] shape = file.get("input_ids").shape();
        int rows = shape[0] * shape[1];
        Batch batch = new Batch(config, shape[0], shape[1]);
        Parameters parameters = new Parameters(config, Trainable.ALL);
        parameters.load(file, "param.", true);
        Decoder decoder = new Decoder(parameters, batch, Keep.ALL);
        NextToken objective = new NextToken(decoder);
        LanguageHead head = new LanguageHead(decoder, rows);
        Program logits = new Program.Builder().add(head.forward()).build("logits");
        List<Program> programs = new ArrayList<>(objective.programs());
        programs.add(logits);
        executor.prepare(programs);

        int[] mask = new int[rows];
        Arrays.fill(mask, 1);
        TokenArrays sequences = new TokenArrays(file.get("input_ids").ints(), file.get("labels").ints(), file.get("segment_ids").ints(), mask);
        report.scalar("loss", objective.accumulate(sequences, StepTotals.of(List.of(sequences)), executor).get("loss"));
        executor.run(logits, 0);
        executor.download(head.logits().buffer());
        report.tensor("logits", head.logits(), 0, Tolerance.FORWARD);
        for (String activation : List.of("A", "Khat", "Rhat", "gate")) {
            for (int l = 0; l < config.numHiddenLayers(); l++) {
                String name = "layer" + l + "." + activation;
                if (file.has(name)) {
                    executor.download(decoder.activation(activation).buffer());
                    report.tensor(name, decoder.activation(activation), l, Tolerance.FORWARD);
                }
            }
        }
        parameters.ranges().forEach(r -> executor.download(r.gradients()));
        report.gradients(parameters);
    }
}
