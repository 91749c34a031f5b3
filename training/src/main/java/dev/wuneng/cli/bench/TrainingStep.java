package dev.wuneng.cli.bench;

import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.decoder.Activations.Keep;
import dev.wuneng.model.decoder.Batch;
import dev.wuneng.model.decoder.Decoder;
import dev.wuneng.model.parameter.Initialization;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.model.parameter.Trainable;
import dev.wuneng.training.Optimizer;
import dev.wuneng.training.StepTotals;
import dev.wuneng.training.TokenArrays;
import dev.wuneng.training.objective.NextToken;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** A step of training all of a model on random tokens: forward, cross-entropy, backward and AdamW. */
final class TrainingStep implements Runnable {
    private final Executor executor;
    private final Parameters parameters;
    private final NextToken objective;
    private final Optimizer optimizer;
    private final TokenArrays batch;
    private final List<Program> programs;

    TrainingStep(ModelConfig config, int rows, int length, Executor executor) {
        this.executor = executor;
        parameters = new Parameters(config, Trainable.ALL);
        Initialization.all(parameters, 1);
        parameters.buffers().forEach(executor::upload);
        objective = new NextToken(new Decoder(parameters, new Batch(config, rows, length), Keep.ALL));
        optimizer = new Optimizer(parameters, Optimizer.Settings.PUBLISHED);
        programs = new ArrayList<>(objective.programs());
        programs.addAll(optimizer.programs());
        executor.prepare(programs);
        batch = randomTokens(config.vocabSize(), rows * length);
    }

    @Override
    public void run() {
        optimizer.zeroGradients(executor);
        objective.accumulate(batch, StepTotals.of(List.of(batch)), executor);
        optimizer.step(1e-4, executor);
    }

    int tokens() {
        return batch.inputIds().length;
    }

    /** Bytes of all that the step keeps: parameters, gradients, moments, activations, logits. */
    long plannedBytes() {
        return programs.stream().flatMap(program -> program.buffers().stream()).distinct().mapToLong(Buffer::bytes).sum();
    }

    Parameters parameters() {
        return parameters;
    }

    private static TokenArrays randomTokens(int vocabulary, int size) {
        Random random = new Random(1);
        int[] mask = new int[size];
        Arrays.fill(mask, 1);
        return new TokenArrays(random.ints(size, 0, vocabulary).toArray(), random.ints(size, 0, vocabulary).toArray(), new int[size], mask);
    }
}
