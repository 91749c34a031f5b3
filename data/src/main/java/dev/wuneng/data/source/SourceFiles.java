package dev.wuneng.data.source;

import dev.wuneng.data.DataException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Finds the files that arguments stand for: files, folders, and globs such as {@code "corpus/**.jsonl"}. */
public final class SourceFiles {

    private static final String GLOB_CHARACTER = ".*[*?\\[{].*";

    private SourceFiles() {
    }

    /**
     * The files in the order of the arguments, each once. Those of a folder or a glob are sorted by path and hidden ones
     * are left out; of a folder count those whose name shows a format, or all where a format is given.
     *
     * @param format how all files are to be read; otherwise each file shows it
     * @param field  which field of a record is the text; otherwise the names of a record's fields say what it is
     * @throws DataException if an argument stands for no file, or a file's format cannot be told
     */
    public static List<SourceFile> find(List<String> arguments, Optional<Format> format, Optional<String> field) {
        return arguments.stream().flatMap(argument -> find(argument, format.isPresent()).stream()).distinct()
                .map(file -> SourceFile.of(file, format.orElseGet(() -> Format.of(file)), field)).toList();
    }

    private static List<Path> find(String argument, boolean everyName) {
        Path path = Path.of(argument);
        if (Files.isRegularFile(path)) {
            return List.of(path);
        }
        List<Path> found = List.of();
        if (Files.isDirectory(path)) {
            found = walk(path, file -> everyName || Format.ofName(file).isPresent());
        } else if (argument.matches(GLOB_CHARACTER)) {
            found = walk(literalBegin(path), FileSystems.getDefault().getPathMatcher("glob:" + argument));
        }
        if (found.isEmpty()) {
            throw new DataException("Cannot read the text file " + argument + ": name an existing, readable file, a folder "
                    + "with .txt, .jsonl, .arrow or .parquet files, or a glob that matches some.");
        }
        return found;
    }

    /** The folder that all matches of a glob lie in. */
    private static Path literalBegin(Path glob) {
        Path begin = glob;
        while (begin != null && begin.toString().matches(GLOB_CHARACTER)) {
            begin = begin.getParent();
        }
        return begin == null ? Path.of("") : begin;
    }

    private static List<Path> walk(Path folder, PathMatcher matcher) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).filter(file -> !isHidden(folder.relativize(file)))
                    .filter(matcher::matches).sorted().toList();
        } catch (IOException | UncheckedIOException e) {
            throw new DataException("Cannot list the folder " + folder + " (" + e.getMessage() + "): make it readable.", e);
        }
    }

    private static boolean isHidden(Path relative) {
        for (Path part : relative) {
            if (part.toString().startsWith(".")) {
                return true;
            }
        }
        return false;
    }
}
