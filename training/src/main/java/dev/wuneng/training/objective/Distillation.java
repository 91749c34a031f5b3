package dev.wuneng.training.objective;

import dev.wuneng.data.pack.Sequences;
import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.kernels.run.View;
import dev.wuneng.model.decoder.Decoder;
import dev.wuneng.model.decoder.LanguageHead;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.training.Losses;
import dev.wuneng.training.StepTotals;
import java.util.ArrayList;
import java.util.List;

/** Stage 2 of the spec: {@code α · KL(p_teacher^{1/τ} ‖ p_student^{1/τ}) · τ² + β · CE}, each a mean over its own tokens. */
public final class Distillation implements Objective {
    /** The weights α of KL and β of CE, and the temperature τ. */
    public record Weights(double kl, double ce, double temperature) {
    }

    private final Decoder teacher;
    private final Decoder student;
    private final Weights weights;
    private final LanguageHead teacherHead;
    private final LanguageHead studentHead;
    private final Targets targets;
    private final Buffer kl;
    private final Buffer ce;
    private final Program learn;
    private final Program measure;

    /** @param teacher and {@code student} decoders over one batch */
    public Distillation(Decoder teacher, Decoder student, Weights weights) {
        this.teacher = teacher;
        this.student = student;
        this.weights = weights;
        int rows = student.batch().rows();
        // Heads cut a batch by their vocabulary; the wider one decides for both.
        studentHead = new LanguageHead(student, rows, teacher.config().vocabSize());
        teacherHead = new LanguageHead(teacher, rows, student.config().vocabSize());
        targets = new Targets(rows, 2);
        kl = Buffer.floats("kl", rows);
        ce = Buffer.floats("ce", rows);
        measure = losses().build("distillation.evaluate");
        Program.Builder program = losses();
        studentHead.backward(program);
        learn = program.build("distillation");
    }

    private Program.Builder losses() {
        int chunk = studentHead.chunkRows();
        int wide = student.config().vocabSize();
        // Vocabularies may be padded to different widths; only what both have is compared.
        int tokens = Math.min(wide, teacher.config().vocabSize());
        View partial = Buffer.floats("distillation.partial", dev.wuneng.kernels.op.Distillation.partialSize(chunk, tokens)).view();
        View stats = Buffer.floats("distillation.stats", (long) chunk * dev.wuneng.kernels.op.Distillation.STATS).view();
        return new Program.Builder().add(teacherHead.forward()).add(studentHead.forward())
                .addAll(dev.wuneng.kernels.op.Distillation.lossAndGradient(studentHead.logits(), teacherHead.logits(),
                        studentHead.chunk(targets.labels, 1), studentHead.chunk(targets.mask, 1), targets.scales.view(), partial, stats,
                        studentHead.chunk(kl, 1), studentHead.chunk(ce, 1), chunk, wide, teacher.config().vocabSize(), tokens,
                        (float) weights.temperature));
    }

    @Override
    public Parameters parameters() {
        return student.parameters();
    }

    @Override
    public List<Program> programs() {
        List<Program> programs = new ArrayList<>(teacher.programs());
        programs.addAll(student.programs());
        programs.add(learn);
        programs.add(measure);
        return programs;
    }

    @Override
    public Losses accumulate(Sequences batch, StepTotals step, Executor executor) {
        run(batch, learn, executor, weights.kl * Targets.perToken(step.unmasked()), weights.ce * Targets.perToken(step.labelled()));
        student.backward(executor);
        return losses(batch, executor);
    }

    @Override
    public Losses evaluate(Sequences batch, Executor executor) {
        run(batch, measure, executor, 0, 0);
        return losses(batch, executor);
    }

    private void run(Sequences batch, Program program, Executor executor, double... scales) {
        student.batch().set(batch::copyInputIds, batch::copySegmentIds, executor);
        targets.set(batch, executor, scales);
        teacher.forward(executor);
        student.forward(executor);
        for (int c = 0; c < studentHead.chunks(); c++) {
            executor.run(program, c);
        }
    }

    private Losses losses(Sequences batch, Executor executor) {
        executor.download(kl);
        executor.download(ce);
        Losses parts = new Losses().addRows("kl", kl, kl.size(), batch.unmasked()).addRows("ce", ce, ce.size(), batch.labelled());
        double loss = weights.kl * parts.get("kl") + (batch.labelled() == 0 ? 0 : weights.ce * parts.get("ce"));
        return new Losses().add("loss", loss * batch.unmasked(), batch.unmasked()).addAll(parts);
    }
}
