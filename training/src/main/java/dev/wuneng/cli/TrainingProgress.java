package dev.wuneng.cli;

import dev.wuneng.kernels.run.DeviceInfo;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.training.Losses;
import dev.wuneng.training.Trainer;
import dev.wuneng.training.run.RunMemory;
import dev.wuneng.training.run.TrainingListener;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Shows how a training run goes, and remembers its losses. */
public final class TrainingProgress implements TrainingListener {
    /** Single steps scatter: shown and remembered is the mean of the last ones. */
    private static final int RECENT = 10;

    private final String label;
    private final Deque<Trainer.Step> steps = new ArrayDeque<>();
    private final Deque<Double> seconds = new ArrayDeque<>();
    private ProgressLine line;
    private double firstLoss = Double.NaN;

    public TrainingProgress(String label) {
        this.label = label;
    }

    /** The loss of the first step. */
    public double firstLoss() {
        return firstLoss;
    }

    /** The mean loss of the last steps. */
    public double lastLoss() {
        Losses recent = new Losses();
        steps.forEach(step -> recent.addAll(step.losses()));
        return recent.get("loss");
    }

    @Override
    public void planned(RunMemory memory, long available) {
        System.out.println("Memory: " + memory + " of " + DeviceInfo.inWords(available));
    }

    @Override
    public void begun(Parameters trained, long step, long total) {
        System.out.println(describe(trained) + (step > 0 ? "; goes on after step " + step : ""));
        line = new ProgressLine(label, step, total);
    }

    /** A model's size; of a student, what it adds. */
    static String describe(Parameters parameters) {
        long all = parameters.count(false);
        long added = parameters.count(true);
        long training = parameters.trainableCount();
        return "%,d parameters".formatted(all)
                + (added == 0 ? "" : ", %,d of them (%.2f %%) added by state heads".formatted(added, 100.0 * added / all))
                + (training == all ? "" : ", %,d train".formatted(training));
    }

    @Override
    public void step(Trainer.Step step, double took) {
        if (Double.isNaN(firstLoss)) {
            firstLoss = step.losses().get("loss");
        }
        steps.addLast(step);
        seconds.addLast(took);
        if (steps.size() > RECENT) {
            steps.removeFirst();
            seconds.removeFirst();
        }
        double tokens = steps.stream().mapToLong(Trainer.Step::tokens).sum();
        double time = seconds.stream().mapToDouble(Double::doubleValue).sum();
        line.update(step.number(), "loss %.4f  %,.0f tokens/s".formatted(lastLoss(), tokens / time));
    }

    @Override
    public void evaluated(long step, Optional<String> file, Losses heldOut) {
        line.end();
        System.out.println(label + " step " + step + ", held out" + file.map(" of "::concat).orElse("") + ": " + words(heldOut.means()));
    }

    private static String words(Map<String, Double> means) {
        return means.entrySet().stream().map(m -> m.getKey() + " " + "%.4f".formatted(m.getValue())).collect(Collectors.joining(", "));
    }
}
