package dev.wuneng.training.objective;

import dev.wuneng.data.pack.Sequences;
import dev.wuneng.kernels.op.AlignLoss;
import dev.wuneng.kernels.op.ColumnSum;
import dev.wuneng.kernels.op.Fill;
import dev.wuneng.kernels.op.GateBand;
import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.kernels.run.View;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.decoder.Activations;
import dev.wuneng.model.decoder.AttentionBlock;
import dev.wuneng.model.decoder.AttentionBlock.InnerGradients;
import dev.wuneng.model.decoder.Decoder;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.training.Losses;
import dev.wuneng.training.StepTotals;
import java.util.ArrayList;
import java.util.List;

/**
 * Stage 1 of the spec: every student layer's attention is fed the teacher's own x̂ and learns to give the teacher's attention output, layer by
 * layer, {@code output + η · state + ζ · band}. Nothing is kept between layers, since no gradient crosses them.
 */
public final class Alignment implements Objective {
    /** The weights η of the state loss and ζ of the gate band, and the band. */
    public record Settings(double eta, double zeta, double bandLow, double bandHigh) {
    }

    private final Decoder teacher;
    private final Parameters student;
    private final Settings settings;
    private final int layers;
    private final int rows;
    private final int heads;
    private final Activations memory;
    private final Targets targets;
    private final Buffer outputLoss;
    private final Buffer stateLoss;
    /** Of every layer and head; null where the middle heads have no gate. */
    private final Buffer gateStats;
    private final Program learn;
    private final Program measure;

    /** @param teacher runs forward only; {@code student} has state heads, and the same frame */
    public Alignment(Decoder teacher, Parameters student, Settings settings) {
        this.teacher = teacher;
        this.student = student;
        this.settings = settings;
        ModelConfig config = student.config();
        layers = config.numHiddenLayers();
        heads = config.numAttentionHeads();
        rows = teacher.batch().rows();
        memory = new Activations(1, Activations.Keep.ALL);
        targets = new Targets(rows, 3);
        outputLoss = memory.add(Buffer.floats("loss.output", (long) layers * rows));
        stateLoss = memory.add(Buffer.floats("loss.state", (long) layers * rows));
        AttentionBlock attention = new AttentionBlock(student, memory, teacher.batch());
        gateStats = attention.gate() == null ? null : memory.add(Buffer.floats("gate.stats", (long) layers * heads * GateBand.STATS));
        measure = losses(attention).build("align.evaluate");
        Program.Builder program = losses(attention);
        gradients(program, attention);
        learn = program.build("align");
    }

    private Program.Builder losses(AttentionBlock attention) {
        int d = student.config().hiddenSize();
        int n = student.config().headDim();
        long size = (long) rows * d;
        View target = teacher.attentionOutput();
        View output = memory.scratch("output", size);
        View state = memory.scratch("state", size);
        Program.Builder program = new Program.Builder();
        attention.forward(program, teacher.attentionInput(), output);
        attention.project(program, attention.khat(), state);
        program.add(AlignLoss.lossAndGradient(output, target, targets.mask.view(), targets.scales.view(), outputLoss.stacked(rows),
                memory.scratch("d output", size), rows, d));
        program.add(AlignLoss.lossAndGradient(state, target, targets.mask.view(), targets.scales.at(1), stateLoss.stacked(rows),
                memory.scratch("d state", size), rows, d));
        if (gateStats != null) {
            View partial = memory.scratch("gate.partial", (long) ColumnSum.blocks(rows) * heads * GateBand.PARTIAL);
            program.add(GateBand.partial(attention.gate(), targets.mask.view(), partial, rows, heads, n));
            program.add(GateBand.combine(partial, gateStats.stacked(heads * GateBand.STATS), rows, heads, n,
                    (float) settings.bandLow, (float) settings.bandHigh));
        }
        return program;
    }

    private void gradients(Program.Builder program, AttentionBlock attention) {
        int d = student.config().hiddenSize();
        int n = student.config().headDim();
        int width = heads * n;
        View dKhat = memory.scratch("d Khat.state", (long) rows * width);
        View dGate = null;
        attention.projectBackward(program, attention.khat(), memory.scratch("d state", (long) rows * d), dKhat);
        if (gateStats != null) {
            dGate = memory.scratch("d gate", (long) rows * width);
            program.add(Fill.with(0f, dGate, rows * width));
            program.add(GateBand.backward(gateStats.stacked(heads * GateBand.STATS), targets.mask.view(), targets.scales.at(2), dGate, rows, heads, n));
        }
        attention.backward(program, teacher.attentionInput(), memory.scratch("d output", (long) rows * d), null, new InnerGradients(dKhat, dGate));
    }

    @Override
    public Parameters parameters() {
        return student;
    }

    @Override
    public List<Program> programs() {
        List<Program> programs = new ArrayList<>(teacher.programs());
        programs.add(learn);
        programs.add(measure);
        return programs;
    }

    @Override
    public Losses accumulate(Sequences batch, StepTotals step, Executor executor) {
        double perToken = Targets.perToken(step.unmasked()) / layers;
        return run(batch, learn, executor, perToken, settings.eta * perToken, settings.zeta / layers / heads / step.microBatches());
    }

    @Override
    public Losses evaluate(Sequences batch, Executor executor) {
        return run(batch, measure, executor, 0, 0, 0);
    }

    private Losses run(Sequences batch, Program program, Executor executor, double... scales) {
        teacher.batch().set(batch::copyInputIds, batch::copySegmentIds, executor);
        targets.set(batch, executor, scales);
        teacher.embed(executor);
        for (int l = 0; l < layers; l++) {
            teacher.forwardLayer(executor, l);
            executor.run(program, l);
        }
        return losses(batch, executor);
    }

    private Losses losses(Sequences batch, Executor executor) {
        executor.download(outputLoss);
        executor.download(stateLoss);
        double tokens = batch.unmasked();
        Losses parts = new Losses()
                .addRows("output", outputLoss, layers * rows, layers * tokens)
                .addRows("state", stateLoss, layers * rows, layers * tokens);
        if (gateStats != null) {
            executor.download(gateStats);
            gateLosses(parts, tokens);
        }
        double loss = parts.get("output") + settings.eta * parts.get("state") + (gateStats == null ? 0 : settings.zeta * parts.get("band"));
        return new Losses().add("loss", loss * tokens, tokens).addAll(parts);
    }

    private void gateLosses(Losses parts, double tokens) {
        double band = 0;
        double[] mean = new double[layers];
        double[] spread = new double[layers];
        for (int i = 0; i < layers * heads; i++) {
            mean[i / heads] += gateStats.floats().get(i * GateBand.STATS) / heads;
            spread[i / heads] += gateStats.floats().get(i * GateBand.STATS + 1) / heads;
            band += gateStats.floats().get(i * GateBand.STATS + 2) / (layers * heads);
        }
        parts.add("band", band * tokens, tokens);
        for (int l = 0; l < layers; l++) {
            parts.add("gate." + l, mean[l] * tokens, tokens);
            parts.add("gate_spread." + l, spread[l] * tokens, tokens);
        }
    }
}
