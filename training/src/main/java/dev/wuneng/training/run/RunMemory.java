package dev.wuneng.training.run;

import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.DeviceInfo;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.KernelException;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.model.ModelException;
import dev.wuneng.model.checkpoint.Dtype;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.training.Optimizer;
import dev.wuneng.training.TrainingException;
import dev.wuneng.training.config.RunConfig;
import dev.wuneng.training.config.RunConfig.Kept;
import dev.wuneng.training.config.Stage;
import dev.wuneng.training.objective.Objective;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a run keeps in memory, in bytes by what it is for. It is added up from the run's own buffers before any of them is allocated. */
public record RunMemory(Map<String, Long> parts) {
    /** Tokens of the shortest rows that are proposed. */
    private static final int SHORTEST = 16;

    private static RunMemory of(RunConfig config, Models models, Optimizer optimizer) {
        Objective objective = Objectives.of(config, models);
        Map<String, Long> parts = new LinkedHashMap<>();
        Set<Buffer> counted = new LinkedHashSet<>();
        Stream.of(models.trained(), models.teacher()).filter(m -> m != null).map(Parameters::buffers)
                .forEach(all -> all.forEach(b -> add(parts, "parameters in " + Dtype.of(b.type()).torchName(), b, counted)));
        models.trained().ranges().forEach(range -> add(parts, "gradients", range.gradients(), counted));
        optimizer.moments().forEach(moment -> add(parts, "moments", moment, counted));
        List<Program> programs = new ArrayList<>(objective.programs());
        programs.addAll(optimizer.programs());
        programs.forEach(p -> p.buffers().forEach(b -> add(parts, b.name().equals("logits") ? "logits" : "activations", b, counted)));
        return new RunMemory(parts);
    }

    private static void add(Map<String, Long> parts, String part, Buffer buffer, Set<Buffer> counted) {
        if (counted.add(buffer)) {
            parts.merge(part, buffer.bytes(), Long::sum);
        }
    }

    public long total() {
        return parts.values().stream().mapToLong(bytes -> bytes).sum();
    }

    @Override
    public String toString() {
        return DeviceInfo.inWords(total()) + " ("
                + parts.entrySet().stream().map(p -> p.getKey() + " " + DeviceInfo.inWords(p.getValue())).collect(Collectors.joining(", ")) + ")";
    }

    /** What a run needs; one that does not fit is refused with the numbers and, if there is one, the nearest smaller batch that would. */
    static RunMemory check(RunConfig config, Models models, Optimizer optimizer, Executor executor) {
        long available = executor.memory();
        String problem;
        try {
            RunMemory needed = of(config, models, optimizer);
            if (needed.total() <= available) {
                return needed;
            }
            problem = "the run needs " + needed + ", and on " + executor.device() + " there are " + DeviceInfo.inWords(available);
        } catch (KernelException | ModelException tooLarge) {
            problem = tooLarge.getMessage();
        }
        for (RunConfig smaller : smaller(config)) {
            try {
                long needed = of(smaller, models, optimizer).total();
                if (needed <= available) {
                    throw new TrainingException(problem + "; it would fit with " + settings(config, smaller) + " (" + DeviceInfo.inWords(needed) + ")");
                }
            } catch (KernelException | ModelException stillTooLarge) {
                // The next is smaller.
            }
        }
        throw new TrainingException(problem + ", and no smaller batch fits: let fewer parameters train (trainable), keep those that do not in bfloat16"
                + " (frozen_dtype), or take a smaller model or a larger machine");
    }

    /** Smaller batches that compute the same steps, and after them shorter rows, which do not. */
    private static List<RunConfig> smaller(RunConfig c) {
        List<RunConfig> found = new ArrayList<>();
        boolean recompute = c.stage() != Stage.ALIGN && c.activations() == Kept.ALL;
        for (int rows = c.data().rows(); rows > 0; rows--) {
            if (c.data().rows() % rows == 0) {
                found.add(c.withBatch(rows, c.data().length(), c.activations()));
                if (recompute) {
                    found.add(c.withBatch(rows, c.data().length(), Kept.INPUTS));
                }
            }
        }
        for (int length = c.data().length() / 2; length >= SHORTEST; length /= 2) {
            found.add(c.withBatch(1, length, recompute ? Kept.INPUTS : c.activations()));
        }
        return found.subList(1, found.size());
    }

    private static String settings(RunConfig now, RunConfig then) {
        List<String> changed = new ArrayList<>();
        set(changed, "activations", now.activations().toString().toLowerCase(Locale.ROOT), then.activations().toString().toLowerCase(Locale.ROOT));
        set(changed, "data.rows", now.data().rows(), then.data().rows());
        set(changed, "data.length", now.data().length(), then.data().length());
        set(changed, "tokens_per_step", now.tokensPerStep(), then.tokensPerStep());
        return String.join(" ", changed);
    }

    private static void set(List<String> changed, String key, Object now, Object then) {
        if (!now.equals(then)) {
            changed.add("--set " + key + "=" + then);
        }
    }
}
