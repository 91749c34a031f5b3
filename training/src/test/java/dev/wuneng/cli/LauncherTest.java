package dev.wuneng.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs the real launcher as a process, in a small copy of the source folder with a pretended JDK and Maven: what they
 * were called with is what is tested, and no build starts inside the build.
 */
@Timeout(60)
class LauncherTest {
    private static final String FAKE_JAVA = """
            #!/bin/sh
            case $* in
              *XshowSettings*) echo "    java.home = ${0%%/bin/java}" >&2; exit ;;
              -version) echo 'openjdk version "%s" 2026-01-01' >&2; exit ;;
            esac
            echo "home ${0%%/bin/java}"
            for arg; do echo "arg $arg"; done
            cat
            exit "${FAKE_STATUS:-0}"
            """;

    /** Writes a line per call, so that builds can be counted, and what a build would leave. */
    private static final String FAKE_MAVEN = """
            #!/bin/sh
            echo "$JAVA_HOME $*" >>"$FAKE_MAVEN_CALLS"
            echo "Maven was here"
            if [ -n "${FAKE_MAVEN_SLEEP:-}" ]; then exec sleep "$FAKE_MAVEN_SLEEP"; fi
            sleep 0.3
            echo jar >training/target/wuneng.jar
            echo jar >training/target/tornado-api.jar
            exit "${FAKE_MAVEN_STATUS:-0}"
            """;

    @TempDir
    Path temp;

    private Path repo;
    private Path jdk;
    private Path tools;
    private Path calls;

    record Result(int status, String out, String err) {
        List<String> args() {
            return out.lines().filter(l -> l.startsWith("arg ")).map(l -> l.substring(4)).toList();
        }

        String home() {
            return out.lines().filter(l -> l.startsWith("home ")).findFirst().orElseThrow().substring(5);
        }
    }

    @BeforeEach
    void copyOfTheSourceFolder() throws IOException {
        temp = temp.toRealPath();
        repo = temp.resolve("a source folder");
        Files.createDirectories(repo.resolve("training/src/main/java"));
        Files.createDirectories(repo.resolve("model/src"));
        Files.createDirectories(repo.resolve(".mvn"));
        for (String name : List.of("pom.xml", "training/pom.xml", "model/pom.xml", ".mvn/jvm.config",
                "training/src/main/java/A.java", "model/src/B.java")) {
            Files.writeString(repo.resolve(name), "first");
        }
        Files.copy(Path.of("..", "wuneng"), repo.resolve("wuneng"));
        executable(repo.resolve("wuneng"));
        jdk = fakeJdk("jdk", "25.0.1");
        calls = temp.resolve("maven-calls");
        tools = Files.createDirectories(temp.resolve("tools"));
        script(tools.resolve("mvn"), FAKE_MAVEN);
        for (String tool : List.of("readlink", "dirname", "sed", "find", "ls", "cat", "mkdir", "mv", "rm", "sleep")) {
            script(tools.resolve(tool), "#!/bin/sh\nexec '" + which(tool) + "' \"$@\"\n");
        }
        for (String tool : List.of("flock", "perl")) {
            if (which(tool) != null) {
                script(tools.resolve(tool), "#!/bin/sh\nexec '" + which(tool) + "' \"$@\"\n");
            }
        }
    }

    @Test
    void argumentsInputAndExitStatusPassThrough() throws Exception {
        Result run = run(Map.of("FAKE_STATUS", "7", "WUNENG_JAVA_OPTS", "-Xmx3g -Dpattern=*"),
                "chat", "two words", "", "*", "--a=\"q\"");
        assertEquals(7, run.status, run.err);
        List<String> args = run.args();
        int main = args.indexOf("dev.wuneng.cli.Main");
        assertEquals(List.of("chat", "two words", "", "*", "--a=\"q\""), args.subList(main + 1, args.size()));
        assertEquals(repo + "/training/target/wuneng.jar:" + repo + "/training/target/tornado-api.jar",
                args.get(main - 1));
        assertTrue(args.containsAll(List.of("jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow", "--add-opens=java.base/java.nio=ALL-UNNAMED",
                "-Dwuneng.home=" + repo, "-Xmx3g", "-Dpattern=*")), run.out);
        assertTrue(run.out.endsWith("typed in\n"), "standard input goes to the program, not to Maven: " + run.out);
        assertFalse(run.out.contains("Maven was here"), "standard output is the program's alone");
    }

    @Test
    void startsOnTornadoVmWithTheFlagsOfItsSdkAndNoOtherModules() throws Exception {
        Path sdk = Files.createDirectories(temp.resolve("an sdk"));
        Result none = run(Map.of(), "--tornado", "devices");
        assertTrue(none.status == 1 && none.err.contains("TORNADOVM_HOME is not set"), none.err);
        Result empty = run(Map.of("TORNADOVM_HOME", sdk.toString()), "--tornado", "devices");
        assertTrue(empty.status == 1 && empty.err.contains("there is no tornado-argfile"), empty.err);

        Files.writeString(sdk.resolve("tornado-argfile"), "-server");
        List<String> args = run(Map.of("TORNADOVM_HOME", sdk.toString()), "--tornado", "devices", "two words").args();
        assertEquals(List.of("@" + sdk + "/tornado-argfile", "--module-path", sdk + "/share/java/tornado"), args.subList(0, 3));
        assertEquals(List.of(repo + "/training/target/wuneng.jar", "dev.wuneng.cli.Main", "devices", "two words"), args.subList(args.size() - 4, args.size()));
    }

    @Test
    void testsOnTornadoVmRunWithTheFlagsOfItsSdk() throws Exception {
        Path sdk = Files.createDirectories(temp.resolve("an sdk"));
        Files.writeString(sdk.resolve("tornado-argfile"), "-server");
        Result run = run(Map.of("TORNADOVM_HOME", sdk.toString()), "--tornado", "test", "-pl", "model");
        assertEquals(0, run.status, run.err);
        String maven = Files.readString(calls);
        assertTrue(maven.contains("-Djvm.flags='@" + sdk + "/tornado-argfile' --module-path '" + sdk + "/share/java/tornado' -"), maven);
        assertTrue(maven.contains("verify") && maven.contains("-pl model"), maven);
    }

    @Test
    void findsItsFolderThroughLinks() throws Exception {
        Path bin = Files.createDirectories(temp.resolve("bin"));
        Path first = Files.createSymbolicLink(bin.resolve("first"), Path.of("..", "a source folder", "wuneng"));
        Path second = Files.createSymbolicLink(temp.resolve("second"), Path.of("bin", "first"));
        for (Path link : List.of(first, second)) {
            Result run = start(link, bin, Map.of("WUNENG_JAVA_HOME", jdk.toString()), "--version");
            assertEquals(0, run.status, run.err);
            assertTrue(run.args().contains("-Dwuneng.home=" + repo), run.out);
        }
    }

    @Test
    void takesTheJdkThatWasAskedFor() throws Exception {
        Path other = fakeJdk("other", "26-ea");
        Path old = fakeJdk("old", "17.0.15");
        Path ancient = fakeJdk("ancient", "1.8.0_452");
        Path byRelease = fakeJdk("by-release", "9");
        Files.writeString(byRelease.resolve("release"), "IMPLEMENTOR=\"X\"\nJAVA_VERSION=\"25.0.3\"\n");

        assertEquals(jdk.toString(), home(Map.of("WUNENG_JAVA_HOME", jdk, "JAVA_HOME", other)));
        assertEquals(other.toString(), home(Map.of("JAVA_HOME", other)));
        assertEquals(byRelease.toString(), home(Map.of("JAVA_HOME", byRelease)));
        for (Path tooOld : List.of(old, ancient)) {
            Result run = run(Map.of("WUNENG_JAVA_HOME", tooOld.toString()));
            assertNotEquals(0, run.status);
            assertEquals("wuneng: WUNENG_JAVA_HOME is " + tooOld + ", and that is not a JDK 25 or newer.\n", run.err);
        }
        // A machine may have a JDK in the usual places, so only this much is the same everywhere: not the old one.
        Result run = start(repo.resolve("wuneng"), temp, Map.of("JAVA_HOME", old.toString(), "PATH", tools.toString(),
                "HOME", temp.toString()), "--version");
        assertFalse(run.out.contains("home " + old), run.out);
    }

    @Test
    void looksInSdkmanAndOnThePath() throws Exception {
        String anywhere = Files.readString(repo.resolve("wuneng"));
        Files.writeString(repo.resolve("wuneng"), anywhere.replace("/usr/lib/jvm/", temp + "/none/")
                .replace("/opt/*", temp + "/none/*").replace("/Library/", temp + "/none/")
                .replace("/usr/libexec/", temp + "/none/"));

        Result none = run(Map.of("WUNENG_JAVA_HOME", ""));
        assertEquals(1, none.status);
        assertEquals(1, none.err.lines().count(), none.err);
        for (String part : List.of("Temurin 25", "apt install temurin-25-jdk", "brew install", "WUNENG_JAVA_HOME")) {
            assertTrue(none.err.contains(part), none.err);
        }

        script(tools.resolve("java"), "#!/bin/sh\nexec '" + jdk + "/bin/java' \"$@\"\n");
        assertEquals(jdk.toString(), home(Map.of("WUNENG_JAVA_HOME", "")));

        Path sdkman = fakeJdk(".sdkman/candidates/java/25.0.1-tem", "25.0.1");
        fakeJdk(".sdkman/candidates/java/17.0.1-tem", "17.0.1");
        assertEquals(sdkman.toString(), home(Map.of("WUNENG_JAVA_HOME", "")));
    }

    @Test
    void saysWhatIsWrongWithTheJdkThatWasAskedFor() throws Exception {
        Path empty = Files.createDirectories(temp.resolve("empty"));
        for (Path wrong : List.of(empty, temp.resolve("missing"))) {
            Result run = run(Map.of("WUNENG_JAVA_HOME", wrong.toString()));
            assertEquals(1, run.status);
            assertEquals("wuneng: WUNENG_JAVA_HOME is " + wrong + ", and that is not a JDK 25 or newer.\n", run.err);
            assertEquals("", run.out);
        }
    }

    @Test
    void saysThatMavenIsMissing() throws Exception {
        Files.delete(tools.resolve("mvn"));
        Result run = run(Map.of());
        assertEquals(1, run.status);
        assertEquals(1, run.err.lines().count(), run.err);
        assertTrue(run.err.startsWith("wuneng: building needs Maven"), run.err);
    }

    @Test
    void buildsWhenTheSourcesChangedAndOnlyThen() throws Exception {
        Path a = repo.resolve("training/src/main/java/A.java");
        assertBuilds(1, "the first start");
        assertBuilds(1, "nothing changed");
        Files.writeString(a, "other");
        assertBuilds(2, "another content of the same length");
        Files.writeString(repo.resolve("model/src/C.java"), "new");
        assertBuilds(3, "a new file");
        Files.delete(repo.resolve("model/src/C.java"));
        assertBuilds(4, "a deleted file");
        Files.setLastModifiedTime(a, FileTime.from(Instant.parse("2020-01-01T00:00:00Z")));
        assertBuilds(5, "replaced by an older file");
        Files.writeString(repo.resolve("pom.xml"), "second");
        assertBuilds(6, "a changed pom");
        Files.writeString(repo.resolve("model/src/.C.java.swp"), "an editor's");
        assertBuilds(6, "an editor opened a file");
        Files.delete(repo.resolve("training/target/wuneng.jar"));
        assertBuilds(7, "the jar is gone");
    }

    @Test
    void aFailedBuildShowsMavensWordsAndIsTriedAgain() throws Exception {
        Result run = run(Map.of("FAKE_MAVEN_STATUS", "1"));
        assertEquals(1, run.status);
        assertTrue(run.err.contains("Maven was here\nwuneng: the build failed.\n"), run.err);
        assertEquals("", run.out);
        assertBuilds(2, "after the failure");
    }

    @Test
    void startsAtTheSameTimeBuildOnce() throws Exception {
        assertFourStartsBuildOnce();
        Assumptions.assumeTrue(Files.deleteIfExists(tools.resolve("flock")) && Files.exists(tools.resolve("perl")));
        Files.writeString(repo.resolve("pom.xml"), "second");
        Files.delete(calls);
        assertFourStartsBuildOnce();   // as on macOS, which has no flock
    }

    private void assertFourStartsBuildOnce() throws Exception {
        List<Process> all = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            all.add(process(repo.resolve("wuneng"), temp, Map.of("WUNENG_JAVA_HOME", jdk.toString()), "run " + i));
        }
        for (Process process : all) {
            Result run = finish(process);
            assertEquals(0, run.status, run.err);
        }
        assertEquals(1, Files.readAllLines(calls).size());
    }

    @Test
    void aStoppedBuildLeavesNothingBehind() throws Exception {
        Process process = process(repo.resolve("wuneng"), temp,
                Map.of("WUNENG_JAVA_HOME", jdk.toString(), "FAKE_MAVEN_SLEEP", "50"));
        while (!Files.exists(calls)) {
            Thread.sleep(10);
        }
        Files.createDirectories(repo.resolve("model/target"));
        Files.writeString(repo.resolve("model/target/half.class"), "half");
        List<ProcessHandle> children = process.descendants().toList();
        process.toHandle().destroy();
        assertNotEquals(0, finish(process).status);
        for (ProcessHandle child : children) {
            child.onExit().get(10, TimeUnit.SECONDS);
        }
        assertBuilds(2, "after the stopped one");
        assertFalse(Files.exists(repo.resolve("model/target/half.class")));
    }

    @Test
    void testRunsMavenWithItsArguments() throws Exception {
        Result run = run(Map.of(), "test", "-pl", "model", "-Dx=a b");
        assertEquals(0, run.status, run.err);
        String call = Files.readString(calls);
        assertTrue(call.startsWith(jdk + " "), call);
        assertTrue(call.endsWith(" verify -pl model -Dx=a b\n"), call);
        assertTrue(run.out.contains("Maven was here"), run.out);
        assertEquals(3, run(Map.of("FAKE_MAVEN_STATUS", "3"), "test").status);
    }

    private void assertBuilds(int count, String why) throws Exception {
        Result run = run(Map.of());
        assertEquals(0, run.status, run.err);
        assertEquals(count, Files.readAllLines(calls).size(), why);
    }

    private String home(Map<String, ?> env) throws Exception {
        Map<String, String> all = new HashMap<>(Map.of("WUNENG_JAVA_HOME", ""));
        env.forEach((k, v) -> all.put(k, v.toString()));
        Result run = run(all);
        assertEquals(0, run.status, run.err);
        return run.home();
    }

    /** With the pretended JDK unless {@code env} says otherwise. */
    private Result run(Map<String, String> env, String... args) throws Exception {
        Map<String, String> all = new HashMap<>(Map.of("WUNENG_JAVA_HOME", jdk.toString()));
        all.putAll(env);
        return start(repo.resolve("wuneng"), temp, all, args);
    }

    private Result start(Path script, Path folder, Map<String, String> env, String... args) throws Exception {
        return finish(process(script, folder, env, args));
    }

    private Process process(Path script, Path folder, Map<String, String> env, String... args) throws IOException {
        List<String> command = new ArrayList<>(List.of(script.toString()));
        command.addAll(List.of(args));
        var builder = new ProcessBuilder(command).directory(folder.toFile());
        builder.environment().clear();
        builder.environment().putAll(Map.of("PATH", tools.toString(), "HOME", temp.toString(),
                "FAKE_MAVEN_CALLS", calls.toString()));
        builder.environment().putAll(env);
        Process process = builder.start();
        try (var in = process.getOutputStream()) {
            in.write("typed in\n".getBytes());
        } catch (IOException e) {
            // It ended without reading.
        }
        return process;
    }

    private static Result finish(Process process) throws Exception {
        // Few lines each: neither pipe can fill up while the other is read.
        String out = new String(process.getInputStream().readAllBytes());
        String err = new String(process.getErrorStream().readAllBytes());
        return new Result(process.waitFor(), out, err);
    }

    private Path fakeJdk(String name, String version) throws IOException {
        Path home = temp.resolve(name);
        Files.createDirectories(home.resolve("bin"));
        script(home.resolve("bin/java"), FAKE_JAVA.formatted(version));
        script(home.resolve("bin/javac"), "#!/bin/sh\n");
        return home;
    }

    private static void script(Path file, String text) throws IOException {
        Files.writeString(file, text);
        executable(file);
    }

    private static void executable(Path file) throws IOException {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private static Path which(String tool) {
        return Stream.of(System.getenv("PATH").split(":")).map(folder -> Path.of(folder, tool))
                .filter(Files::isExecutable).findFirst().orElse(null);
    }
}
