package dev.wuneng.cli;

import dev.wuneng.data.Manifest;
import dev.wuneng.data.TokenizedFolder;
import dev.wuneng.data.source.Format;
import dev.wuneng.data.source.PlacedSamples;
import dev.wuneng.data.source.Sample;
import dev.wuneng.data.source.SourceFile;
import dev.wuneng.data.source.SourceFiles;
import dev.wuneng.data.text.Pulled;
import dev.wuneng.data.tokenizer.BpeTrainer;
import dev.wuneng.data.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code wuneng tokenize}: texts and conversations into a folder of document files to train on. */
@Command(name = "tokenize", description = {"Turns texts or conversations into a folder of tokenized documents (Arrow IPC), which training reads.",
    "Each paragraph of a text file, up to a blank line, is a document. A record of JSON lines, Arrow, Feather or Parquet is one too: a text, or a "
            + "conversation with messages, prompt and completion, question and answer (and choices), or instruction, input and output.",
    "Started again after a kill, it goes on where it was."})
final class TokenizeCommand implements Callable<Integer> {
    @Parameters(paramLabel = "SOURCE", arity = "1..*", description = "files, folders and globs of .txt, .jsonl, .arrow, .feather and .parquet")
    private List<String> sources;

    @Option(names = "--format", description = "how all sources are read: ${COMPLETION-CANDIDATES}; otherwise each one's name and first bytes say so")
    private Format format;

    @Option(names = "--field", paramLabel = "NAME", description = "the field of a record that is its text; otherwise the names of its fields say what it is")
    private String field;

    @Option(names = "--tokenizer", paramLabel = "FILE", required = true, description = "a tokenizer.json, or a model's folder with one")
    private Path tokenizer;

    @Option(names = "--learn", paramLabel = "N", description = "first learns a byte-level BPE vocabulary of N tokens from the text, and writes --tokenizer")
    private Integer vocabulary;

    @Option(names = "--out", paramLabel = "DIR", required = true, description = "the folder to write")
    private Path out;

    @Override
    public Integer call() {
        List<SourceFile> files = SourceFiles.find(sources, Optional.ofNullable(format), Optional.ofNullable(field));
        if (vocabulary != null) {
            try (PlacedSamples samples = new PlacedSamples(files, 0, 0)) {
                BpeTrainer.train(texts(samples), vocabulary).save(tokenizer);
            }
        }
        try (Tokenizer loaded = Tokenizer.load(tokenizer)) {
            Manifest written = TokenizedFolder.write(files, loaded, out, TokenizedFolder.SHARD_TOKENS, new TokenizingProgress());
            System.out.printf("%s: %,d documents, %,d tokens of a vocabulary of %,d%n", out, written.documents(), written.tokens(), written.vocabularySize());
        }
        return 0;
    }

    private static Stream<String> texts(PlacedSamples samples) {
        return Pulled.stream(() -> samples.hasNext() ? Optional.of(text(samples.next().sample())) : Optional.empty(), () -> { });
    }

    private static String text(Sample sample) {
        return switch (sample) {
            case Sample.Text text -> text.text();
            case Sample.Conversation conversation -> conversation.turns().stream().map(Sample.Turn::content).collect(Collectors.joining("\n"));
        };
    }
}
