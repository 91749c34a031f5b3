package dev.wuneng.training;

import dev.wuneng.kernels.op.AdamW;
import dev.wuneng.kernels.op.Fill;
import dev.wuneng.kernels.op.GradientNorm;
import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.model.parameter.Parameters;
import java.util.ArrayList;
import java.util.List;

/** AdamW with global-norm clipping over everything that trains; weight decay only where parameters decay. */
public final class Optimizer {
    /** The constants of a run; the learning rate comes with every step. */
    public record Settings(double beta1, double beta2, double eps, double weightDecay, double clipNorm) {
        public static final Settings PUBLISHED = new Settings(0.9, 0.95, 1e-8, 0.1, 1.0);
    }

    private final Settings settings;
    private final Buffer hyper = Buffer.floats("adamw.hyper", AdamW.HYPER);
    private final Buffer norm = Buffer.floats("gradient.norm", 2);
    private final List<Buffer> moments = new ArrayList<>();
    private final Program zero;
    private final Program update;
    private long step;

    public Optimizer(Parameters parameters, Settings settings) {
        this.settings = settings;
        List<Parameters.Range> ranges = parameters.ranges();
        int partials = ranges.stream().mapToInt(r -> GradientNorm.partials(r.count())).sum();
        Buffer partial = Buffer.floats("gradient.partial", partials);
        Program.Builder zeroing = new Program.Builder();
        Program.Builder updating = new Program.Builder();
        int at = 0;
        for (Parameters.Range range : ranges) {
            zeroing.add(Fill.with(0f, range.gradients().at(range.from()), range.count()));
            updating.add(GradientNorm.partial(range.gradients().at(range.from()), partial.at(at), range.count()));
            at += GradientNorm.partials(range.count());
        }
        updating.add(GradientNorm.combine(partial.view(), norm.view(), partials, (float) settings.clipNorm));
        for (Parameters.Range range : ranges) {
            Buffer m = Buffer.floats("adamw.m." + range.parameters().name(), range.count());
            Buffer v = Buffer.floats("adamw.v." + range.parameters().name(), range.count());
            moments.add(m);
            moments.add(v);
            updating.add(AdamW.update(range.parameters().at(range.from()), range.gradients().at(range.from()), m.view(), v.view(), hyper.view(),
                    norm.view(), range.count(), (float) settings.beta1, (float) settings.beta2, (float) settings.eps,
                    range.decays() ? (float) settings.weightDecay : 0f));
        }
        zero = zeroing.build("gradients.zero");
        update = updating.build("adamw");
    }

    public List<Program> programs() {
        return List.of(zero, update);
    }

    /** Steps taken. */
    public long step() {
        return step;
    }

    /** Goes on after so many steps; the moments are restored apart. */
    public void resumeAt(long step) {
        this.step = step;
    }

    /** First and second moments, in a fixed order. */
    public List<Buffer> moments() {
        return moments;
    }

    /** Before the first micro-batch of a step. */
    public void zeroGradients(Executor executor) {
        executor.run(zero, 0);
    }

    /**
     * Updates all parameters from the gradients.
     *
     * @return the norm of the gradients before clipping; where it is not finite, nothing was changed and the step does not count
     */
    public double step(double learningRate, Executor executor) {
        float[] values = AdamW.hyper(learningRate, step + 1, settings.beta1, settings.beta2);
        for (int i = 0; i < values.length; i++) {
            hyper.floats().set(i, values[i]);
        }
        executor.upload(hyper);
        executor.run(update, 0);
        executor.download(norm);
        double before = norm.floats().get(0);
        if (Double.isFinite(before)) {
            step++;
        }
        return before;
    }
}
