package dev.wuneng.cli;

import dev.wuneng.kernels.run.Executor;
import dev.wuneng.model.ModelException;
import dev.wuneng.training.golden.GoldenFile;
import dev.wuneng.training.golden.GoldenReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code wuneng golden}: compares what the program computes with files of reference values. */
@Command(name = "golden", description = "Compares forward values and gradients with golden files, and fails if one is wrong or missing.")
final class GoldenCommand implements Callable<Integer> {
    @Mixin
    private DeviceOption device;

    @Parameters(paramLabel = "DIR|FILE", arity = "1..*", description = "golden files (.safetensors), or folders of them")
    private List<Path> paths;

    private int tensors;
    private int failures;

    @Override
    public Integer call() {
        try (Executor executor = device.open()) {
            List<Path> files = paths.stream().flatMap(path -> files(path).stream()).toList();
            files.forEach(file -> check(file, executor));
            System.out.println(failures == 0 ? "All of " + tensors + " tensors in " + files.size() + " files match."
                    : failures + " failures in " + files.size() + " files.");
            return failures == 0 ? 0 : 1;
        }
    }

    private static List<Path> files(Path path) {
        if (!Files.isDirectory(path)) {
            return List.of(path);
        }
        try (Stream<Path> list = Files.list(path)) {
            List<Path> files = list.filter(f -> f.toString().endsWith(".safetensors")).sorted().toList();
            if (files.isEmpty()) {
                throw new ModelException(path + " holds no .safetensors file: give a folder of golden files");
            }
            return files;
        } catch (IOException e) {
            throw new ModelException(path + " cannot be listed: give a folder of golden files", e);
        }
    }

    /** A file that cannot be checked is a failure, and the others are checked all the same. */
    private void check(Path file, Executor executor) {
        System.out.println(file);
        try {
            GoldenReport report = GoldenFile.check(file, executor);
            for (GoldenReport.Line line : report.lines()) {
                tensors += line.tensors();
                failures += line.passed() ? 0 : 1;
                System.out.printf("  %-4s %-16s %4d  error %.1e of %.0e%s%n", line.passed() ? "ok" : "FAIL", line.group(), line.tensors(),
                        line.error(), line.tolerance(), line.tensor().equals(line.group()) ? "" : "  (" + line.tensor() + ")");
            }
            if (report.lines().isEmpty()) {
                failures++;
                System.out.println("  FAIL nothing was compared");
            }
        } catch (ModelException e) {
            failures++;
            System.out.println("  FAIL " + e.getMessage());
        }
    }
}
