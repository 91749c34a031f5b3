package dev.wuneng.cli.demo;

import dev.wuneng.cli.DeviceOption;
import dev.wuneng.cli.Interruption;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.training.config.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code wuneng demo}. */
@Command(
        name = "demo",
        description = {"Runs all of WuNeng on real English text, in under ten minutes on two cores.",
            "Learns a vocabulary, trains a small Qwen2 teacher, turns it into WuNeng (alignment, distillation), fine-tunes it on questions and answers, "
                    + "and lets teacher and student write."})
public final class DemoCommand implements Callable<Integer> {
    @Mixin
    private DeviceOption device;

    @Option(names = "--quick", description = "the same in about a minute, with a smaller model")
    private boolean quick;

    @Option(names = "--text", paramLabel = "FILE", arity = "1..*", description = "learns from these UTF-8 text files instead of WordNet's glosses")
    private List<Path> files = List.of();

    @Option(names = "--out", paramLabel = "DIR", description = "a new folder for everything that is made; runs/demo-TIME unless given")
    private Path out;

    @Override
    public Integer call() throws IOException {
        if (out == null) {
            out = Path.of("runs", "demo-" + LocalDateTime.now().format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss")));
        } else if (Files.exists(out)) {
            throw new ConfigException("--out: " + out + " exists: name a new folder");
        }
        try (Executor executor = device.open(); Interruption interruption = new Interruption()) {
            DemoPlan plan = quick ? DemoPlan.QUICK : DemoPlan.FULL;
            DemoText text = files.isEmpty() ? DemoText.wordNet(plan.share()) : DemoText.files(files);
            return new Demo(plan, text, out, executor, interruption).run() ? 0 : Interruption.STATUS;
        }
    }
}
