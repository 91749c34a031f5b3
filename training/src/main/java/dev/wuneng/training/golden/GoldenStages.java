package dev.wuneng.training.golden;

import dev.wuneng.kernels.run.Executor;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.ModelException;
import dev.wuneng.model.checkpoint.Safetensors;
import dev.wuneng.model.decoder.Activations.Keep;
import dev.wuneng.model.decoder.Batch;
import dev.wuneng.model.decoder.Decoder;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.model.parameter.Trainable;
import dev.wuneng.training.Losses;
import dev.wuneng.training.StepTotals;
import dev.wuneng.training.TokenArrays;
import dev.wuneng.training.objective.Alignment;
import dev.wuneng.training.objective.Distillation;
import dev.wuneng.training.objective.Objective;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One step of alignment or distillation from a teacher: its losses and all gradients. */
final class GoldenStages {
    private GoldenStages() {
    }

    /** Alignment: the weights of its losses stand in the metadata, {@code output_loss + 0.5 * state_loss + 2.0 * gate_band}. */
    static void align(Safetensors file, ModelConfig config, Executor executor, GoldenReport report) {
        double[] weights = weights(file, 2);
        Alignment.Settings settings = new Alignment.Settings(weights[0], weights[1], number(file, "gate_band_low"), number(file, "gate_band_high"));
        Trainable attention = new Trainable(List.of("model.layers.*.self_attn.*"));
        Objective objective = new Alignment(decoder(file, config.teacher(), Trainable.NONE, "teacher.", batch(file, config), Keep.NOTHING),
                parameters(file, config, attention, "param."), settings);
        Losses losses = step(file, objective, executor);
        report.scalar("output_loss", losses.get("output"));
        report.scalar("state_loss", losses.get("state"));
        report.scalar("gate_band", losses.get("band"));
        gradients(objective, executor, report);
    }

    /** Distillation: {@code 0.9 * kl + 0.1 * ce} at the temperature of the metadata. */
    static void distill(Safetensors file, ModelConfig config, Executor executor, GoldenReport report) {
        double[] weights = weights(file, 2);
        Batch batch = batch(file, config);
        Objective objective = new Distillation(decoder(file, config.teacher(), Trainable.NONE, "teacher.", batch, Keep.NOTHING),
                decoder(file, config, Trainable.ALL, "param.", batch, Keep.INPUTS),
                new Distillation.Weights(weights[0], weights[1], number(file, "temperature")));
        Losses losses = step(file, objective, executor);
        report.scalar("kl", losses.get("kl"));
        report.scalar("ce", losses.get("ce"));
        gradients(objective, executor, report);
    }

    private static Losses step(Safetensors file, Objective objective, Executor executor) {
        int[] tokens = file.get("input_ids").ints();
        int[] labels = new int[tokens.length];
        Arrays.fill(labels, -100);
        TokenArrays sequences = new TokenArrays(tokens, file.has("labels") ? file.get("labels").ints() : labels, new int[tokens.length], file.get("mask").ints());
        executor.prepare(objective.programs());
        return objective.accumulate(sequences, StepTotals.of(List.of(sequences)), executor);
    }

    private static void gradients(Objective objective, Executor executor, GoldenReport report) {
        objective.parameters().ranges().forEach(r -> executor.download(r.gradients()));
        report.gradients(objective.parameters());
    }

    private static Batch batch(Safetensors file, ModelConfig config) {
        int[] shape = file.get("input_ids").shape();
        return new Batch(config, shape[0], shape[1]);
    }

    private static Decoder decoder(Safetensors file, ModelConfig config, Trainable trainable, String prefix, Batch batch, Keep keep) {
        return new Decoder(parameters(file, config, trainable, prefix), batch, keep);
    }

    private static Parameters parameters(Safetensors file, ModelConfig config, Trainable trainable, String prefix) {
        Parameters parameters = new Parameters(config, trainable);
        parameters.load(file, prefix, true);
        return parameters;
    }

    private static double[] weights(Safetensors file, int count) {
        Matcher matcher = Pattern.compile("([0-9.]+) \\*").matcher(file.metadata().getOrDefault("loss", ""));
        double[] weights = matcher.results().mapToDouble(m -> Double.parseDouble(m.group(1))).toArray();
        if (weights.length != count) {
            throw new ModelException(file.file() + " says its loss is \"" + file.metadata().get("loss") + "\", and " + count + " weights are looked for");
        }
        return weights;
    }

    private static double number(Safetensors file, String key) {
        String text = file.metadata().get(key);
        if (text == null) {
            throw new ModelException(file.file() + " lacks " + key + " in its metadata: write it again");
        }
        return Double.parseDouble(text);
    }
}
