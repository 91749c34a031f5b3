package dev.wuneng.training.run;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.wuneng.training.TrainingException;
import dev.wuneng.training.config.ConfigException;
import dev.wuneng.training.config.RunConfig;
import dev.wuneng.training.config.RunConfigs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The folder that a run writes to: {@code run.json} (what it computes), {@code metrics.jsonl}, {@code checkpoint-N} while it is under way,
 * {@code model} when it is done. Folders in it appear under their names only when they are complete.
 */
final class RunFolder {
    private static final String CHECKPOINT = "checkpoint-";
    /** What may change between the parts of a run, since the result does not depend on it. */
    private static final List<String> FREE = List.of("threads", "evaluation", "checkpoint_every", "out");

    private final Path path;

    private RunFolder(Path path) {
        this.path = path;
    }

    /** Makes the folder of a run, or finds that of one that began with the same configuration. */
    static RunFolder open(RunConfig config) {
        RunFolder folder = new RunFolder(Path.of(config.out()));
        Path file = folder.path.resolve("run.json");
        try {
            Files.createDirectories(folder.path);
            if (Files.exists(file)) {
                requireSame(file, RunConfigs.object(file), RunConfigs.tree(config));
            } else {
                Path part = folder.path.resolve("run.json.part");
                Files.writeString(part, RunConfigs.json(config));
                Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
            }
        } catch (IOException e) {
            throw folder.unwritable(e);
        }
        return folder;
    }

    private static void requireSame(Path file, JsonObject former, JsonObject now) {
        Set<String> keys = new TreeSet<>(former.keySet());
        keys.addAll(now.keySet());
        keys.removeAll(FREE);
        for (String key : keys) {
            JsonElement was = former.get(key);
            JsonElement is = now.get(key);
            if (was == null ? is != null : !was.equals(is)) {
                throw new ConfigException("the run in " + file.getParent() + " began with " + key + " " + was + " and not " + is
                        + ": go on with the former value, or choose another folder with out");
            }
        }
    }

    Path metrics() {
        return path.resolve("metrics.jsonl");
    }

    /** The finished model. */
    Path model() {
        return path.resolve("model");
    }

    /** The checkpoint of the most steps. */
    Optional<Path> latest() {
        return checkpoints().stream().max(Comparator.comparingLong(RunFolder::step));
    }

    /** Writes a checkpoint and drops the earlier ones. */
    void saveCheckpoint(long step, Consumer<Path> content) {
        Path checkpoint = path.resolve(CHECKPOINT + step);
        if (!Files.exists(checkpoint)) {
            saveFolder(checkpoint, content);
        }
        checkpoints().stream().filter(c -> !c.equals(checkpoint)).forEach(this::delete);
    }

    /** Writes the finished model; the checkpoints have served. */
    void saveModel(Consumer<Path> content) {
        saveFolder(model(), content);
        checkpoints().forEach(this::delete);
    }

    private void saveFolder(Path folder, Consumer<Path> content) {
        Path part = path.resolve(folder.getFileName() + ".part");
        delete(part);
        try {
            Files.createDirectories(part);
            content.accept(part);
            Files.move(part, folder, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    private List<Path> checkpoints() {
        try (Stream<Path> files = Files.list(path)) {
            return files.filter(f -> f.getFileName().toString().matches(CHECKPOINT + "\\d+")).toList();
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    private static long step(Path checkpoint) {
        return Long.parseLong(checkpoint.getFileName().toString().substring(CHECKPOINT.length()));
    }

    private void delete(Path folder) {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    private TrainingException unwritable(IOException cause) {
        return new TrainingException("the run's folder " + path + " cannot be written (" + cause.getMessage() + "): check it and the free space", cause);
    }
}
