package dev.wuneng.training.run;

import dev.wuneng.data.pack.PackedBatch;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.kernels.run.View;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.decoder.Activations.Keep;
import dev.wuneng.model.decoder.Batch;
import dev.wuneng.model.decoder.Decoder;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.training.Losses;
import dev.wuneng.training.config.RunConfig;
import dev.wuneng.training.objective.Distillation;
import dev.wuneng.training.objective.NextToken;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * How a student stands to its teacher on what a run held out.
 *
 * @param teacher the teacher's cross-entropy
 * @param student the student's
 * @param kl KL(teacher ‖ student), a mean over tokens
 * @param gates the mean gate of every layer; empty where the student has none
 */
public record Comparison(double teacher, double student, double kl, List<Double> gates) {

    /** Compares two models on as much of the held-out documents as the run evaluates with. */
    public static Comparison of(Parameters teacher, Parameters student, RunConfig run, Executor executor) {
        Batch batch = new Batch(student.config(), run.data().rows(), run.data().length());
        Decoder teacherDecoder = new Decoder(teacher, batch, Keep.NOTHING);
        Decoder studentDecoder = new Decoder(student, batch, Keep.ALL);
        NextToken teacherLoss = new NextToken(teacherDecoder);
        Distillation difference = new Distillation(teacherDecoder, studentDecoder, new Distillation.Weights(1, 0, 1));
        List<Program> programs = new ArrayList<>(teacherLoss.programs());
        programs.addAll(difference.programs());
        executor.prepare(programs);
        teacher.buffers().forEach(executor::upload);
        student.buffers().forEach(executor::upload);
        batch.buffers().forEach(executor::upload);
        boolean gated = student.config().stateHeads() && student.config().middleHeads() == ModelConfig.MiddleHeads.GATED;
        Losses losses = new Losses();
        try (RunData data = RunData.open(run.data())) {
            for (RunData.HeldOut heldOut : data.heldOut()) {
                int left = run.evaluation().batches();
                for (PackedBatch sequences : heldOut.rows()) {
                    if (left-- == 0) {
                        break;
                    }
                    losses.add("teacher", teacherLoss.evaluate(sequences, executor).get("loss") * sequences.labelled(), sequences.labelled());
                    losses.addAll(difference.evaluate(sequences, executor));
                    if (gated) {
                        addGates(losses, studentDecoder.activation("gate"), sequences, student.config(), executor);
                    }
                }
            }
        }
        List<Double> gates = new ArrayList<>();
        for (int l = 0; gated && l < student.config().numHiddenLayers(); l++) {
            gates.add(losses.get("gate." + l));
        }
        return new Comparison(losses.get("teacher"), losses.get("ce"), losses.get("kl"), gates);
    }

    private static void addGates(Losses losses, View gate, PackedBatch sequences, ModelConfig config, Executor executor) {
        executor.download(gate.buffer());
        int width = config.attentionWidth();
        int[] mask = new int[sequences.rows() * sequences.length()];
        sequences.copyMask(MemorySegment.ofArray(mask));
        for (int l = 0; l < config.numHiddenLayers(); l++) {
            double sum = 0;
            for (int r = 0; r < mask.length; r++) {
                for (int i = 0; mask[r] != 0 && i < width; i++) {
                    sum += gate.floats().get(gate.offset(l) + r * width + i);
                }
            }
            losses.add("gate." + l, sum, (double) sequences.unmasked() * width);
        }
    }
}
