package dev.wuneng.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.data.arrow.DocumentMetadata;
import dev.wuneng.data.pack.EvaluationRows;
import dev.wuneng.data.pack.PackedBatch;
import dev.wuneng.data.pack.Packing;
import dev.wuneng.data.source.SourceFiles;
import dev.wuneng.data.source.WordNet;
import dev.wuneng.data.tokenizer.BpeTrainer;
import dev.wuneng.data.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real conversations, questions and text with a real tokenizer, from their files to packed rows. */
class RealDataTest {

    @TempDir
    private Path folder;

    @Test
    void conversationsToRows() {
        try (Tokenizer tokenizer = Tokenizer.load(External.shared("real/qwen3-tokenizer"))) {
            check(tokenizer, "real/gsm8k", 8792, 0.005);
            check(tokenizer, "real/instructions/seed_tasks.jsonl", 175, 0.05);
            check(tokenizer, "real/mmlu-dev/mmlu_dev.arrow", 285, 0.05);
        }
    }

    @Test
    void wordNetAtFullSize() {
        WordNet wordNet = WordNet.read(External.wordNetJar());
        try (Stream<String> part = wordNet.documents().limit(5000)) {
            BpeTrainer.train(part, 2000).save(folder.resolve("tokenizer.json"));
        }
        Path file = folder.resolve("wordnet.arrow");
        try (Tokenizer tokenizer = Tokenizer.load(folder)) {
            DocumentMetadata written = Tokenize.documents(wordNet.documents(), tokenizer, file, (documents, tokens) -> { });
            assertEquals(117_791, written.documents());
        }
        try (Dataset dataset = Dataset.open(file)) {
            assertEquals(dataset.metadata().tokens(), Inspection.of(dataset, 0).tokens());
            assertTrue(paddingShare(dataset, 512) < 0.005);
        }
    }

    private void check(Tokenizer tokenizer, String source, int conversations, double padding) {
        Path out = folder.resolve(Path.of(source).getFileName() + ".documents");
        TokenizedFolder.write(SourceFiles.find(List.of(External.shared(source).toString()), Optional.empty(), Optional.empty()), tokenizer,
                out, TokenizedFolder.SHARD_TOKENS, done -> { });
        try (Dataset dataset = Dataset.open(out)) {
            Inspection found = Inspection.of(dataset, 2);
            Inspection.check(dataset, tokenizer);
            assertEquals(conversations, found.documents());
            assertTrue(0 < found.learnt() && found.learnt() < found.tokens());
            assertFalse(tokenizer.decode(found.first().getFirst()).isBlank());
            double share = paddingShare(dataset, 1024);
            assertTrue(share < padding, source + " has a share of padding of " + share);
            BpeTrainer.train(Stream.of("a text"), 260).save(folder.resolve("tokenizer.json"));
            try (Tokenizer other = Tokenizer.load(folder)) {
                assertThrows(DataException.class, () -> Inspection.check(dataset, other));
            }
        }
    }

    private static double paddingShare(Dataset dataset, int length) {
        long padding = 0;
        long positions = 0;
        for (PackedBatch batch : new EvaluationRows(dataset, i -> true, new Packing(1, length, 0))) {
            padding += batch.padding();
            positions += length;
        }
        return (double) padding / positions;
    }
}
