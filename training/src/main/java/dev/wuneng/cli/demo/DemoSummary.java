package dev.wuneng.cli.demo;

import dev.wuneng.training.config.Stage;
import dev.wuneng.training.run.Comparison;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The table at the demonstration's end. */
final class DemoSummary {
    private record Row(Stage stage, double seconds, double firstLoss, double lastLoss, Comparison comparison) {
    }

    private final List<Row> rows = new ArrayList<>();

    void add(Stage stage, double seconds, double firstLoss, double lastLoss, Comparison comparison) {
        rows.add(new Row(stage, seconds, firstLoss, lastLoss, comparison));
    }

    String table(long parameters, long added) {
        StringBuilder text = new StringBuilder();
        text.append("              training loss      held-out cross-entropy     KL of teacher\n");
        text.append("stage      s    first     last     teacher     student       and student   mean gate per layer\n");
        for (Row row : rows) {
            Comparison c = row.comparison;
            text.append("%-7s %4.0f  %7.4f  %7.4f     %7.4f     %7s           %7s   %s\n".formatted(row.stage, row.seconds, row.firstLoss, row.lastLoss,
                    c.teacher(), row.stage == Stage.TEACHER ? "" : "%.4f".formatted(c.student()), row.stage == Stage.TEACHER ? "" : "%.4f".formatted(c.kl()),
                    c.gates().stream().map("%.3f"::formatted).collect(Collectors.joining(" "))));
        }
        text.append("Losses are of different kinds: next token for teacher and sft, distance of attention outputs for align, KL and next token for distill.\n");
        text.append("Held out is text, and for sft questions, of which only the answers count.\n");
        double percent = 100.0 * added / parameters;
        text.append("The student has %,d parameters; state heads added %,d of them (%.2f %%)%s.\n".formatted(parameters, added, percent,
                percent < 5 ? "" : ", a share that shrinks as models grow: about 1 % at 7 billion"));
        return text.toString();
    }
}
