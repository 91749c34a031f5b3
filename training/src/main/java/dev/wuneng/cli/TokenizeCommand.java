package dev.wuneng.cli;

import dev.wuneng.data.Tokenize;
import dev.wuneng.data.arrow.DocumentMetadata;
import dev.wuneng.data.text.PlainText;
import dev.wuneng.data.text.PromptAnswer;
import dev.wuneng.data.tokenizer.BpeTrainer;
import dev.wuneng.data.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code wuneng tokenize}: text files into a document file to train on. */
@Command(name = "tokenize", description = {"Turns text into a file of tokenized documents (Arrow IPC), which training reads.",
    "Each paragraph of a text file, up to a blank line, is a document. With --chat each line of a file is a JSON object with prompt and answer."})
final class TokenizeCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FILE", arity = "1..*", description = "UTF-8 text files")
    private List<Path> files;

    @Option(names = "--tokenizer", paramLabel = "FILE", required = true, description = "a tokenizer.json, or a model's folder with one")
    private Path tokenizer;

    @Option(names = "--learn", paramLabel = "N", description = "first learns a byte-level BPE vocabulary of N tokens from the text, and writes --tokenizer")
    private Integer vocabulary;

    @Option(names = "--chat", description = "the files hold questions and answers, of which the answers are learnt")
    private boolean chat;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "the file to write, such as text.arrow")
    private Path out;

    @Override
    public Integer call() {
        if (vocabulary != null) {
            try (Stream<String> texts = texts()) {
                BpeTrainer.train(texts, vocabulary).save(tokenizer);
            }
        }
        try (Tokenizer loaded = Tokenizer.load(tokenizer)) {
            DocumentMetadata written = write(loaded);
            System.out.printf("%s: %,d documents, %,d tokens of a vocabulary of %,d%n", out, written.documents(), written.tokens(), written.vocabularySize());
        }
        return 0;
    }

    private DocumentMetadata write(Tokenizer loaded) {
        Tokenize.Progress quiet = (documents, tokens) -> { };
        if (chat) {
            try (Stream<PromptAnswer> pairs = PromptAnswer.read(files)) {
                return Tokenize.conversations(pairs, loaded, out, quiet);
            }
        }
        try (Stream<String> texts = PlainText.documents(files)) {
            return Tokenize.documents(texts, loaded, out, quiet);
        }
    }

    private Stream<String> texts() {
        return chat ? PromptAnswer.read(files).map(pair -> pair.prompt() + "\n" + pair.answer()) : PlainText.documents(files);
    }
}
