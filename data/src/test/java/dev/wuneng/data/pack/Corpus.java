package dev.wuneng.data.pack;

import dev.wuneng.data.arrow.DocumentWriter;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

/**
 * Documents whose tokens tell where they come from: each id occurs in one place only, so that a lost, repeated or
 * misplaced token shows. A document's ids count up by one.
 */
record Corpus(Path file, List<int[]> documents, List<int[]> labels) {

    static final int PADDING = 0;
    private static final int IGNORED = -100;

    static Corpus write(Path file, int count, int maximumLength, boolean withLabels, long seed) {
        Random random = new Random(seed);
        Corpus corpus = new Corpus(file, new ArrayList<>(), new ArrayList<>());
        int next = PADDING + 1;
        for (int i = 0; i < count; i++) {
            int[] ids = new int[random.nextInt(maximumLength + 1)];
            int[] labels = new int[ids.length];
            for (int t = 0; t < ids.length; t++) {
                ids[t] = next++;
                labels[t] = withLabels && random.nextInt(3) == 0 ? IGNORED : ids[t];
            }
            corpus.documents.add(ids);
            corpus.labels.add(labels);
        }
        try (DocumentWriter writer = new DocumentWriter(file, "hash", next, withLabels)) {
            for (int i = 0; i < count; i++) {
                if (withLabels) {
                    writer.add(corpus.documents.get(i), corpus.labels.get(i));
                } else {
                    writer.add(corpus.documents.get(i));
                }
            }
            writer.finish();
        }
        return corpus;
    }

    static int[] inputIds(PackedBatch batch) {
        return ints(batch, batch::copyInputIds);
    }

    static int[] labels(PackedBatch batch) {
        return ints(batch, batch::copyLabels);
    }

    static int[] segmentIds(PackedBatch batch) {
        return ints(batch, batch::copySegmentIds);
    }

    static int[] ints(PackedBatch batch, Consumer<MemorySegment> copy) {
        int[] ints = new int[batch.rows() * batch.length()];
        // What was there before is written over everywhere.
        Arrays.fill(ints, -7);
        copy.accept(MemorySegment.ofArray(ints));
        return ints;
    }

    /** The document that a token is of. */
    int documentOf(int token) {
        int low = 0;
        int high = documents.size() - 1;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (lastTokenUpTo(middle) < token) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private int lastTokenUpTo(int document) {
        for (int i = document; i >= 0; i--) {
            int[] ids = documents.get(i);
            if (ids.length > 0) {
                return ids[ids.length - 1];
            }
        }
        return PADDING;
    }
}
