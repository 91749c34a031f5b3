package dev.wuneng.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.jar.JarFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is in the finished jar, and that the launcher starts it. */
class WunengJarIT {
    private static final Path TARGET = Path.of("target").toAbsolutePath();

    @Test
    void nothingOfTornadoVmIsInside() throws Exception {
        try (var jar = new JarFile(TARGET.resolve("wuneng.jar").toFile())) {
            List<String> names = jar.stream().map(e -> e.getName()).toList();
            assertEquals(List.of(), names.stream().filter(n -> n.startsWith("uk/ac/manchester/")).toList());
            assertEquals(List.of(), names.stream().filter(n -> n.matches("META-INF/[^/]*\\.(SF|DSA|RSA|EC)")).toList());
            assertEquals(names.size(), names.stream().distinct().count(), "an entry is there twice");
            assertEquals("dev.wuneng.cli.Main", jar.getManifest().getMainAttributes().getValue("Main-Class"));
        }
    }

    @Test
    void theTornadoVmApiIsBesideIt() throws Exception {
        try (var jar = new JarFile(TARGET.resolve("tornado-api.jar").toFile())) {
            assertNotNull(jar.getEntry("uk/ac/manchester/tornado/api/annotations/Parallel.class"));
        }
    }

    @Test
    void theDemosTextIsStaged() throws Exception {
        try (var jar = new JarFile(TARGET.resolve("demo/wordnet-3.1.jar").toFile())) {
            assertTrue(jar.size() > 1);
        }
    }

    /** The real jar on the real JVM, in a copy of the source folder whose Maven only brings the finished jars. */
    @Test
    void theLauncherStartsIt(@TempDir Path temp) throws Exception {
        temp = temp.toRealPath();
        Path repo = Files.createDirectories(temp.resolve("repo"));
        Files.createDirectories(repo.resolve("training/src"));
        for (String file : List.of("pom.xml", ".mvn/jvm.config", "training/pom.xml", "training/src/A.java")) {
            Files.createDirectories(repo.resolve(file).getParent());
            Files.writeString(repo.resolve(file), "");
        }
        Path script = Files.copy(Path.of("..", "wuneng"), repo.resolve("wuneng"));
        Path maven = Files.createDirectories(temp.resolve("tools")).resolve("mvn");
        Files.writeString(maven, "#!/bin/sh\ncp '" + TARGET + "'/wuneng.jar '" + TARGET
                + "'/tornado-api.jar training/target/\n");
        for (Path file : List.of(script, maven)) {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        Path link = Files.createSymbolicLink(temp.resolve("w"), script);

        var builder = new ProcessBuilder(link.toString(), "--version").directory(temp.toFile());
        builder.environment().put("WUNENG_JAVA_HOME", System.getProperty("java.home"));
        builder.environment().remove("WUNENG_JAVA_OPTS");
        builder.environment().merge("PATH", maven.getParent().toString(), (old, first) -> first + ":" + old);
        builder.redirectError(ProcessBuilder.Redirect.INHERIT);
        Process process = builder.start();
        String out = new String(process.getInputStream().readAllBytes());
        assertEquals(0, process.waitFor());
        assertTrue(out.matches("wuneng \\d+\\.\\d+\\.\\d+.*\\R"), out);
    }
}
