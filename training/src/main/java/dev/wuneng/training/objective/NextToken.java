package dev.wuneng.training.objective;

import dev.wuneng.data.pack.Sequences;
import dev.wuneng.kernels.op.CrossEntropy;
import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.kernels.run.View;
import dev.wuneng.model.decoder.Decoder;
import dev.wuneng.model.decoder.LanguageHead;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.training.Losses;
import dev.wuneng.training.StepTotals;
import java.util.ArrayList;
import java.util.List;

/** Cross-entropy of the next token: training a teacher, and supervised fine-tuning (spec, stage 3), which differ by their labels. */
public final class NextToken implements Objective {
    private final Decoder decoder;
    private final LanguageHead head;
    private final Targets targets;
    private final Buffer rowLoss;
    private final Program learn;
    private final Program measure;

    public NextToken(Decoder decoder) {
        this.decoder = decoder;
        int rows = decoder.batch().rows();
        int vocabulary = decoder.config().vocabSize();
        head = new LanguageHead(decoder, rows);
        targets = new Targets(rows, 1);
        rowLoss = Buffer.floats("loss", rows);
        View partial = Buffer.floats("loss.partial", CrossEntropy.partialSize(head.chunkRows(), vocabulary)).view();
        View lse = Buffer.floats("loss.lse", head.chunkRows()).view();
        View labels = head.chunk(targets.labels, 1);
        View loss = head.chunk(rowLoss, 1);
        List<Launch> lossOnly = CrossEntropy.loss(head.logits(), labels, partial, lse, loss, head.chunkRows(), vocabulary, vocabulary);
        measure = new Program.Builder().add(head.forward()).addAll(lossOnly).build("next_token.evaluate");
        if (decoder.hiddenGradient() == null) {
            learn = null;
        } else {
            Program.Builder program = new Program.Builder().add(head.forward()).addAll(CrossEntropy.lossAndGradient(head.logits(), labels,
                    targets.scales.view(), partial, lse, loss, head.chunkRows(), vocabulary, vocabulary));
            head.backward(program);
            learn = program.build("next_token");
        }
    }

    @Override
    public Parameters parameters() {
        return decoder.parameters();
    }

    @Override
    public List<Program> programs() {
        List<Program> programs = new ArrayList<>(decoder.programs());
        programs.add(measure);
        if (learn != null) {
            programs.add(learn);
        }
        return programs;
    }

    @Override
    public Losses accumulate(Sequences batch, StepTotals step, Executor executor) {
        run(batch, Targets.perToken(step.labelled()), learn, executor);
        decoder.backward(executor);
        return losses(batch, executor);
    }

    @Override
    public Losses evaluate(Sequences batch, Executor executor) {
        run(batch, 0, measure, executor);
        return losses(batch, executor);
    }

    private void run(Sequences batch, double scale, Program program, Executor executor) {
        decoder.batch().set(batch::copyInputIds, batch::copySegmentIds, executor);
        targets.set(batch, executor, scale);
        decoder.forward(executor);
        for (int c = 0; c < head.chunks(); c++) {
            executor.run(program, c);
        }
    }

    private Losses losses(Sequences batch, Executor executor) {
        executor.download(rowLoss);
        return new Losses().addRows("loss", rowLoss, rowLoss.size(), batch.labelled());
    }
}
