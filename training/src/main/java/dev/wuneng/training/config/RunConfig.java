package dev.wuneng.training.config;

import com.google.gson.JsonObject;
import com.google.gson.annotations.SerializedName;
import dev.wuneng.model.checkpoint.Dtype;
import java.util.List;

/**
 * Everything that decides what a training run computes: {@code run.json} over the defaults of its stage.
 *
 * @param teacher the folder of the model to learn from; in the teacher's own stage, to go on with
 * @param student the folder of the model to go on with; without it, alignment and distillation make one from the teacher
 * @param model fields of {@code config.json}: all of a fresh teacher's, or a fresh student's choices of state heads
 * @param tokenizer a {@code tokenizer.json} for a fresh teacher; else it is found beside the model
 * @param steps optimizer steps; 0 counts them from the epochs
 * @param epochs passes over the data, if steps is 0: so many tokens as all of it has; a step more or less, since padding is not known before
 * @param tokensPerStep positions of all micro-batches of a step together; 0 is one micro-batch
 * @param trainable patterns of the parameters that train
 * @param frozenDtype the precision in memory of matrices that do not train, the teacher's and those of the trained model: auto keeps that of
 *     their checkpoint; arithmetic is in float32 always
 * @param activations what the forward pass keeps for the backward pass: all, or inputs of layers only, which are run again
 * @param checkpointEvery steps between two checkpoints; 0 writes one at the end only
 * @param threads 0 is all processors; the result is the same for any number
 * @param out the folder that the run writes to
 */
public record RunConfig(
        Stage stage,
        String teacher,
        String student,
        JsonObject model,
        String tokenizer,
        Data data,
        int steps,
        double epochs,
        int tokensPerStep,
        LearningRate learningRate,
        AdamW optimizer,
        List<String> trainable,
        FrozenDtype frozenDtype,
        Alignment alignment,
        Distillation distillation,
        Kept activations,
        Evaluation evaluation,
        int checkpointEvery,
        long seed,
        int threads,
        String device,
        String out) {

    /**
     * @param file tokenized documents
     * @param heldOut how many of a thousand documents are for evaluation only
     * @param rows rows of a micro-batch
     * @param length tokens of a row
     * @param mix several tokenized documents, in place of file
     * @param rank which of {@code world} machines this one is, from 0: in every epoch each reads other documents than all others, and together
     *         they read all. They do not tell each other of their gradients.
     */
    public record Data(String file, int heldOut, int rows, int length, List<Part> mix, int rank, int world) {
        /** The documents to read, be it only one file. */
        public List<Part> parts() {
            return mix.isEmpty() ? List.of(new Part(file, 1)) : mix;
        }

        /** How a configuration names the file of a part. */
        public String key(int part) {
            return mix.isEmpty() ? "data.file" : "data.mix[" + part + "].file";
        }
    }

    /**
     * @param file tokenized documents
     * @param weight the rows of a batch that come from them are to those from others as their weights; small ones are read more often
     */
    public record Part(String file, double weight) {
    }

    /** From 0 up to start in {@code warmUp} steps, then along a cosine down to min at the last step. */
    public record LearningRate(double start, double min, int warmUp) {
    }

    /** @param clipNorm the largest norm of a step's gradients; 0 clips nothing */
    public record AdamW(double beta1, double beta2, double eps, double weightDecay, double clipNorm) {
    }

    /** loss = output + state · (state loss) + band · (band loss), the mean gates kept between low and high. */
    public record Alignment(double state, double band, double low, double high) {
    }

    /** loss = kl · KL(teacher ‖ student) · τ² + ce · (cross-entropy), τ the temperature. */
    public record Distillation(double kl, double ce, double temperature) {
    }

    /** @param every steps between two evaluations, 0 is never; {@code batches} micro-batches at most */
    public record Evaluation(int every, int batches) {
    }

    /** What of the forward pass stays in memory. */
    public enum Kept {
        @SerializedName("all") ALL,
        @SerializedName("inputs") INPUTS
    }

    /** How matrices that do not train are kept in memory. */
    public enum FrozenDtype {
        @SerializedName("auto") AUTO,
        @SerializedName("float32") FLOAT32,
        @SerializedName("bfloat16") BFLOAT16,
        @SerializedName("float16") FLOAT16;

        /** Null where the checkpoint decides. */
        public Dtype dtype() {
            return switch (this) {
                case AUTO -> null;
                case FLOAT32 -> Dtype.F32;
                case BFLOAT16 -> Dtype.BF16;
                case FLOAT16 -> Dtype.F16;
            };
        }
    }

    private static final List<String> EVERYTHING = List.of("*");
    /** The additions and the attention they meet; the rest of the teacher stays as it is. */
    private static final List<String> ATTENTION = List.of("model.layers.*.self_attn.*");

    /** The published recipe where there is one. */
    static RunConfig defaults(Stage stage) {
        LearningRate published = new LearningRate(1e-4, 1e-5, 50);
        return new RunConfig(stage, null, null, new JsonObject(), null, new Data(null, 10, 4, 512, List.of(), 0, 1), 0, 1, 0,
                stage == Stage.TEACHER ? new LearningRate(1e-3, 1e-4, 50) : published, new AdamW(0.9, 0.95, 1e-8, 0.1, 1),
                stage == Stage.ALIGN ? ATTENTION : EVERYTHING, FrozenDtype.AUTO, new Alignment(0.5, 2, 0.1, 0.9), new Distillation(0.9, 0.1, 1),
                Kept.ALL, new Evaluation(100, 16), 500, 1, 0, null, null);
    }

    /** Positions of a micro-batch. */
    public int microBatchTokens() {
        return data.rows() * data.length();
    }

    /** Micro-batches of a step. */
    public int microBatches() {
        return tokensPerStep == 0 ? 1 : tokensPerStep / microBatchTokens();
    }

    /** The same run with so many steps. */
    public RunConfig withSteps(int steps) {
        return new RunConfig(stage, teacher, student, model, tokenizer, data, steps, epochs, tokensPerStep, learningRate, optimizer, trainable,
                frozenDtype, alignment, distillation, activations, evaluation, checkpointEvery, seed, threads, device, out);
    }

    /** The same run with another micro-batch, and as many tokens a step where they can be cut so. */
    public RunConfig withBatch(int rows, int length, Kept activations) {
        int step = microBatches() * microBatchTokens();
        int micro = rows * length;
        return new RunConfig(stage, teacher, student, model, tokenizer, new Data(data.file(), data.heldOut(), rows, length, data.mix(), data.rank(), data.world()),
                steps, epochs, step == micro ? tokensPerStep : step - step % micro, learningRate, optimizer, trainable, frozenDtype, alignment, distillation, activations,
                evaluation, checkpointEvery, seed, threads, device, out);
    }
}
