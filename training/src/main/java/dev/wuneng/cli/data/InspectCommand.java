package dev.wuneng.cli.data;

import dev.wuneng.data.Dataset;
import dev.wuneng.data.Inspection;
import dev.wuneng.data.arrow.DocumentMetadata;
import dev.wuneng.data.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code wuneng data inspect}: what is in tokenized documents, and whether they are sound. */
@Command(name = "inspect", description = {"Prints columns, counts and the first documents of a document file or of a folder of them.",
    "Reads all of it: damage, another tokenizer and ids beyond the vocabulary are errors."})
final class InspectCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FILE|DIR", description = "what wuneng tokenize wrote")
    private Path path;

    @Option(names = "--tokenizer", paramLabel = "FILE", description = "the tokenizer.json that made the documents, or a folder with it: decodes the first ones")
    private Path tokenizer;

    @Option(names = "--documents", paramLabel = "N", defaultValue = "3", description = "how many documents to decode (${DEFAULT-VALUE})")
    private int documents;

    @Override
    public Integer call() {
        try (Dataset dataset = Dataset.open(path)) {
            DocumentMetadata metadata = dataset.metadata();
            System.out.printf("%s: %,d files, %,d record batches%n", path, dataset.shards(), dataset.batches());
            dataset.columns().forEach(column -> System.out.println("column " + column));
            System.out.printf("vocabulary of %,d, tokenizer SHA-256 %s%n", metadata.vocabularySize(), metadata.tokenizerHash());
            Inspection found = Inspection.of(dataset, documents);
            System.out.printf("%,d documents (%,d empty, the longest of %,d tokens), %,d tokens, %,d of them learnt%n", found.documents(), found.empty(),
                    found.longest(), found.tokens(), found.learnt());
            if (tokenizer != null) {
                decode(dataset, found);
            }
        }
        return 0;
    }

    private void decode(Dataset dataset, Inspection found) {
        try (Tokenizer loaded = Tokenizer.load(tokenizer)) {
            Inspection.check(dataset, loaded);
            for (int[] document : found.first()) {
                System.out.printf("%n-- %,d tokens%n%s%n", document.length, loaded.decode(document));
            }
        }
    }
}
