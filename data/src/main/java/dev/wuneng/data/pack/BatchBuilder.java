package dev.wuneng.data.pack;

import dev.wuneng.data.arrow.DocumentBatch;
import java.util.Arrays;
import java.util.List;

/** Writes rows of pieces into the arrays of a batch. Rows never added are padding. */
final class BatchBuilder {

    private final Packing packing;
    private final int[] inputIds;
    private final int[] labels;
    private final int[] segmentIds;
    private final int[] mask;
    private int rows;
    private int tokens;
    private int filled;

    BatchBuilder(Packing packing) {
        this.packing = packing;
        int size = Math.multiplyExact(packing.rows(), packing.length());
        inputIds = new int[size];
        labels = new int[size];
        segmentIds = new int[size];
        mask = new int[size];
        Arrays.fill(inputIds, packing.paddingId());
        Arrays.fill(labels, DocumentBatch.IGNORED);
    }

    boolean isFull() {
        return rows == packing.rows();
    }

    void add(List<Piece> row) {
        int begin = rows * packing.length();
        int at = begin;
        rows++;
        int end = rows * packing.length();
        for (int segment = 0; segment < row.size(); segment++) {
            Piece piece = row.get(segment);
            for (int i = 0; i < piece.length(); i++, at++) {
                inputIds[at] = piece.inputId(i);
                labels[at] = piece.nextLabel(i);
                segmentIds[at] = segment;
                tokens += labels[at] == DocumentBatch.IGNORED ? 0 : 1;
            }
            filled += piece.length();
        }
        Arrays.fill(segmentIds, at, end, row.size());
        Arrays.fill(mask, begin, at, 1);
    }

    PackedBatch build() {
        return new PackedBatch(packing.rows(), packing.length(), inputIds, labels, segmentIds, mask, tokens,
                inputIds.length - filled);
    }
}
