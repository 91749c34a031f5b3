package dev.wuneng.cli.demo;

import dev.wuneng.data.DataException;
import dev.wuneng.data.source.Sample.Conversation;
import dev.wuneng.data.source.WordNet;
import dev.wuneng.data.text.PlainText;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/** What the demonstration learns from: documents, and questions with answers made of the same text. */
interface DemoText {
    /** Characters of a text, at least, that a model is given to go on from. */
    int BEGINNING = 20;

    Stream<String> documents();

    Stream<Conversation> pairs();

    /** How texts begin that the models are asked to continue. */
    List<String> beginnings();

    /** What the fine-tuned model is asked. */
    List<String> questions();

    /** Every {@code share}-th gloss of WordNet, as the build put it beside the program. */
    static DemoText wordNet(int share) {
        Path jar = Path.of(System.getProperty("wuneng.home", ".")).resolve("training/target/demo/wordnet-3.1.jar");
        if (!Files.exists(jar)) {
            throw new DataException(jar + " is missing: start the demo with ./wuneng, which builds it, or give a text with --text");
        }
        WordNet wordNet = WordNet.read(jar);
        return new DemoText() {
            @Override
            public Stream<String> documents() {
                return everyNth(share, wordNet.documents());
            }

            @Override
            public Stream<Conversation> pairs() {
                return everyNth(share, wordNet.pairs());
            }

            @Override
            public List<String> beginnings() {
                return List.of("harbinger (noun):", "ocean, sea (noun):", "gladly (adverb): in a");
            }

            @Override
            public List<String> questions() {
                return List.of("What does *harbinger* mean?", "What does *oak tree* mean?");
            }
        };
    }

    private static <T> Stream<T> everyNth(int n, Stream<T> all) {
        AtomicLong index = new AtomicLong();
        return all.filter(each -> index.getAndIncrement() % n == 0);
    }

    /** Paragraphs of text files. A question is the first half of one, its answer the rest. */
    static DemoText files(List<Path> files) {
        List<String> first;
        try (Stream<String> documents = PlainText.documents(files)) {
            first = documents.filter(d -> d.indexOf(' ', BEGINNING) > 0 && middle(d) > 0).limit(2).toList();
        }
        if (first.isEmpty()) {
            throw new DataException("The files " + files + " hold no paragraph of a few words: give longer texts.");
        }
        return new DemoText() {
            @Override
            public Stream<String> documents() {
                return PlainText.documents(files);
            }

            @Override
            public Stream<Conversation> pairs() {
                return PlainText.documents(files).filter(d -> middle(d) > 0)
                        .map(d -> Conversation.of(question(d), d.substring(middle(d)).strip()));
            }

            @Override
            public List<String> beginnings() {
                return first.stream().map(d -> d.substring(0, d.indexOf(' ', BEGINNING))).toList();
            }

            @Override
            public List<String> questions() {
                return first.stream().map(DemoText::question).toList();
            }
        };
    }

    private static String question(String document) {
        return "How does this go on: " + document.substring(0, middle(document)).strip();
    }

    /** Where the first word behind the middle begins; -1 where there is none. */
    private static int middle(String document) {
        return document.indexOf(' ', document.length() / 2);
    }
}
