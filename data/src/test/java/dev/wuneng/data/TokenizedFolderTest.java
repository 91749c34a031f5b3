package dev.wuneng.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.data.TokenizedFolder.Done;
import dev.wuneng.data.source.SourceFile;
import dev.wuneng.data.source.SourceFiles;
import dev.wuneng.data.tokenizer.BpeTrainer;
import dev.wuneng.data.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizedFolderTest {

    private static final long SHARD_TOKENS = 20_000;

    @TempDir
    private static Path folder;

    /** Tokenizes {@code ARGS[1]} into {@code ARGS[2]} with the tokenizer {@code ARGS[0]}: a process to be killed. */
    static final class Main {

        public static void main(String[] args) {
            tokenize(Path.of(args[0]), Path.of(args[1]), Path.of(args[2]));
        }
    }

    @BeforeAll
    static void write() throws IOException {
        String text = "what does a word mean, and what does the user of the word mean by it";
        BpeTrainer.train(Stream.of(text, text), 280).save(folder.resolve("tokenizer.json"));
        Path texts = Files.createDirectories(folder.resolve("texts/more")).getParent();
        for (int file = 0; file < 4; file++) {
            int first = file * 10_000;
            Files.writeString(texts.resolve(file % 2 == 0 ? file + ".txt" : "more/" + file + ".txt"), IntStream.range(0, 10_000)
                    .mapToObj(i -> "the word " + (first + i) + " and the user of it").collect(Collectors.joining("\n\n")));
        }
    }

    @Test
    void goesOnAfterAKillWithTheSameBytes() throws Exception {
        Manifest whole = tokenize(folder, folder.resolve("texts"), folder.resolve("whole"));
        assertTrue(whole.complete() && whole.shards().size() > 20, whole.shards().size() + " shards");
        assertEquals(40_000, whole.documents());
        Path killed = folder.resolve("killed");
        Process process = new ProcessBuilder(ProcessHandle.current().info().command().orElseThrow(), "-cp",
                System.getProperty("java.class.path"), "--add-opens=java.base/java.nio=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED",
                Main.class.getName(), folder.toString(), folder.resolve("texts").toString(), killed.toString())
                .inheritIO().start();
        while (process.isAlive() && !Files.exists(killed.resolve("part-00002.arrow"))) {
            Thread.sleep(1);
        }
        // SIGKILL, where there are signals.
        process.destroyForcibly();
        assertTrue(process.waitFor(1, TimeUnit.MINUTES));
        Manifest left = Manifest.read(killed).orElseThrow();
        assertFalse(left.complete(), "killed in the middle of its work");
        Map<String, String> finished = times(killed, left);
        List<Done> told = new ArrayList<>();
        tokenize(folder, folder.resolve("texts"), killed, told::add);
        assertEquals(left.documents(), told.getFirst().documents());
        assertTrue(0 < told.getFirst().bytes() && told.getFirst().bytes() < told.getLast().bytes(), "what was finished is not counted again");
        assertEquals(finished, times(killed, left), "what was finished is not written again");
        assertSameFiles(folder.resolve("whole"), killed);
        Map<String, String> all = times(killed, whole);
        assertEquals(whole, tokenize(folder, folder.resolve("texts"), killed));
        assertEquals(all, times(killed, whole), "nothing is left to do");
    }

    @Test
    void tellsHowFarItIs() {
        List<Done> told = new ArrayList<>();
        Manifest written = tokenize(folder, folder.resolve("texts"), folder.resolve("told"), told::add);
        long total = written.sources().stream().mapToLong(Manifest.Source::bytes).sum();
        assertEquals(new Done(0, total, 0), told.getFirst());
        assertEquals(new Done(total, total, 40_000), told.getLast());
        assertTrue(told.size() > 100);
        for (int i = 1; i < told.size(); i++) {
            assertTrue(told.get(i - 1).bytes() <= told.get(i).bytes() && told.get(i - 1).documents() <= told.get(i).documents());
            assertTrue(told.get(i - 1).bytes() < total, "not all is done before the end");
        }
    }

    @Test
    void refusesAFolderOfOtherWork() throws Exception {
        Path out = folder.resolve("out");
        Path text = Files.writeString(folder.resolve("one.txt"), "a word");
        tokenize(folder, text, out);
        Files.writeString(text, "a word more");
        assertComplaint("other sources", text, out);
        Files.writeString(folder.resolve("two.txt"), "");
        assertComplaint("no text in", folder.resolve("two.txt"), folder.resolve("none"));
        assertComplaint("holds other files", text, folder.resolve("texts"));
        Path again = folder.resolve("again");
        tokenize(folder, text, again);
        Files.write(again.resolve("part-00000.arrow"), new byte[1]);
        assertComplaint("was changed", text, again);
        Files.writeString(again.resolve(Manifest.NAME), "{\"format\": 1}");
        assertComplaint("Cannot read the manifest", text, again);
    }

    @Test
    void refusesTextsAmongConversations() throws Exception {
        Path mixed = Files.writeString(folder.resolve("mixed.jsonl"), "{\"text\": \"a\"}\n{\"prompt\": \"a\", \"answer\": \"b\"}\n");
        assertComplaint("two folders", mixed, folder.resolve("mixed"));
    }

    static Manifest tokenize(Path tokenizer, Path sources, Path out) {
        return tokenize(tokenizer, sources, out, done -> { });
    }

    private static Manifest tokenize(Path tokenizer, Path sources, Path out, TokenizedFolder.Progress progress) {
        List<SourceFile> files = SourceFiles.find(List.of(sources.toString()), Optional.empty(), Optional.empty());
        try (Tokenizer loaded = Tokenizer.load(tokenizer)) {
            return TokenizedFolder.write(files, loaded, out, SHARD_TOKENS, progress);
        }
    }

    private static void assertComplaint(String complaint, Path source, Path out) {
        DataException e = assertThrows(DataException.class, () -> tokenize(folder, source, out));
        assertTrue(e.getMessage().contains(complaint), e.getMessage());
    }

    private static Map<String, String> times(Path out, Manifest manifest) throws IOException {
        Map<String, String> times = new TreeMap<>();
        for (Manifest.Shard shard : manifest.shards()) {
            times.put(shard.file(), Files.getLastModifiedTime(out.resolve(shard.file())).toString());
        }
        return times;
    }

    private static void assertSameFiles(Path expected, Path actual) throws IOException {
        assertEquals(names(expected), names(actual));
        for (String name : names(expected)) {
            assertEquals(-1, Files.mismatch(expected.resolve(name), actual.resolve(name)), name);
        }
    }

    private static List<String> names(Path out) throws IOException {
        try (Stream<Path> files = Files.list(out)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }
}
