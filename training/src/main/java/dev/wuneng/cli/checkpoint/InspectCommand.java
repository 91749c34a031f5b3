package dev.wuneng.cli.checkpoint;

import dev.wuneng.model.Checkpoint;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.checkpoint.Dtype;
import dev.wuneng.model.checkpoint.Tensor;
import dev.wuneng.model.checkpoint.TensorSource;
import dev.wuneng.model.parameter.ParameterSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code wuneng checkpoint inspect}: what is in a model's files. */
@Command(name = "inspect", description = "Lists the tensors of a model, adds them up, and fails if they are not those of its config.json.")
final class InspectCommand implements Runnable {
    @Parameters(paramLabel = "DIR|FILE", description = "a model's folder, or a .safetensors file")
    private Path path;

    @Override
    public void run() {
        try (TensorSource source = TensorSource.open(path)) {
            list(source.tensors());
            total(source.tensors());
            if (Files.isDirectory(path)) {
                Checkpoint checkpoint = Checkpoint.open(path);
                additions(checkpoint.config());
                checkpoint.check(source);
            }
        }
    }

    private static void list(Collection<Tensor> tensors) {
        int width = tensors.stream().mapToInt(t -> t.name().length()).max().orElse(0);
        for (Tensor tensor : tensors) {
            System.out.printf("%-" + Math.max(1, width) + "s  %-4s %10s  %s%n", tensor.name(), tensor.dtype(), size(tensor.bytes()), Arrays.toString(tensor.shape()));
        }
    }

    private static void total(Collection<Tensor> tensors) {
        Map<Path, Long> files = new TreeMap<>();
        Map<Dtype, Long> elements = new EnumMap<>(Dtype.class);
        for (Tensor tensor : tensors) {
            files.merge(tensor.file(), tensor.bytes(), Long::sum);
            elements.merge(tensor.dtype(), tensor.size(), Long::sum);
        }
        files.forEach((file, bytes) -> System.out.printf("%s: %s%n", file.getFileName(), size(bytes)));
        elements.forEach((dtype, count) -> System.out.printf("%s: %,d elements%n", dtype, count));
        System.out.printf("%,d tensors, %,d elements, %s%n", tensors.size(), elements.values().stream().mapToLong(n -> n).sum(),
                size(files.values().stream().mapToLong(n -> n).sum()));
    }

    private static void additions(ModelConfig config) {
        long all = 0;
        long added = 0;
        for (ParameterSpec spec : ParameterSpec.of(config)) {
            long count = (long) spec.size() * (spec.perLayer() ? config.numHiddenLayers() : 1);
            all += count;
            added += spec.addition() ? count : 0;
        }
        System.out.printf("%,d parameters, of which %,d (%.2f %% of the teacher's) are additions%n", all, added, 100.0 * added / (all - added));
    }

    private static String size(long bytes) {
        if (bytes < 1000) {
            return bytes + " B";
        }
        return bytes < 1e6 ? "%.1f kB".formatted(bytes / 1e3) : bytes < 1e9 ? "%.1f MB".formatted(bytes / 1e6) : "%.2f GB".formatted(bytes / 1e9);
    }
}
