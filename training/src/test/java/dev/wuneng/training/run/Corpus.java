package dev.wuneng.training.run;

import dev.wuneng.data.arrow.DocumentWriter;
import java.nio.file.Path;
import java.util.Random;

/** Documents that a small model learns quickly: counting up from anywhere, in steps of 1, 2 or 3. */
final class Corpus {
    static final int VOCABULARY = 24;

    private Corpus() {
    }

    static Path write(Path file) {
        return write(file, "none");
    }

    static Path write(Path file, String tokenizerHash) {
        Random random = new Random(1);
        try (DocumentWriter writer = new DocumentWriter(file, tokenizerHash, VOCABULARY, false)) {
            for (int i = 0; i < 400; i++) {
                int[] document = new int[4 + random.nextInt(9)];
                int step = 1 + random.nextInt(3);
                document[0] = random.nextInt(VOCABULARY);
                for (int t = 1; t < document.length; t++) {
                    document[t] = (document[t - 1] + step) % VOCABULARY;
                }
                writer.add(document);
            }
            writer.finish();
        }
        return file;
    }
}
