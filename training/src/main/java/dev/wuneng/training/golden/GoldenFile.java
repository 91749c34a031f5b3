package dev.wuneng.training.golden;

import dev.wuneng.kernels.run.Executor;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.ModelException;
import dev.wuneng.model.checkpoint.Safetensors;
import java.nio.file.Path;

/**
 * A file of parameters, inputs, results and gradients that the model must reproduce: {@code NAME.safetensors}, beside it {@code NAME.json} with the
 * model's configuration. What it holds says what it checks.
 */
public final class GoldenFile {
    private GoldenFile() {
    }

    /** Runs what a file describes and compares every result in it. */
    public static GoldenReport check(Path path, Executor executor) {
        try (Safetensors file = Safetensors.open(path)) {
            GoldenReport report = new GoldenReport(file);
            if (file.has("logits")) {
                GoldenLanguageModel.check(file, config(path), executor, report);
            } else if (file.has("state_loss")) {
                GoldenStages.align(file, config(path), executor, report);
            } else if (file.has("kl")) {
                GoldenStages.distill(file, config(path), executor, report);
            } else if (file.has("step0.grad.w")) {
                GoldenOps.adamW(file, executor, report);
            } else if (file.has("state_last")) {
                GoldenOps.stateScan(file, executor, report);
            } else {
                throw new ModelException(path + " holds neither logits, losses of a stage, steps of an optimizer nor a state scan: it is no golden file");
            }
            return report;
        }
    }

    private static ModelConfig config(Path path) {
        return ModelConfig.read(path.resolveSibling(path.getFileName().toString().replaceFirst("\\.safetensors$", ".json")));
    }
}
