package dev.wuneng.data.pack;

import static dev.wuneng.data.arrow.DocumentBatch.TOKEN;

import dev.wuneng.data.arrow.DocumentBatch;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Rows of packed documents, which stay where their files are mapped until they are written out.
 *
 * <p>A piece is a document, or a part of one longer than a row. Position {@code t} of a row predicts the next token of its own piece, and the
 * last one nothing. A piece's segment id is its number in its row, from 0; padding has the number after the last one's. Rows that are not there
 * are padding.
 */
public final class PackedBatch implements Sequences {

    private final Packing packing;
    private final List<List<Piece>> rows;
    private final int labelled;
    private final int padding;

    PackedBatch(Packing packing, List<List<Piece>> rows) {
        this.packing = packing;
        this.rows = List.copyOf(rows);
        labelled = rows.stream().flatMap(List::stream).mapToInt(Piece::learnt).sum();
        padding = size() - rows.stream().flatMap(List::stream).mapToInt(Piece::length).sum();
    }

    public int rows() {
        return packing.rows();
    }

    /** Positions of a row. */
    public int length() {
        return packing.length();
    }

    @Override
    public long labelled() {
        return labelled;
    }

    @Override
    public long unmasked() {
        return size() - padding;
    }

    /** Positions that hold no token. */
    public int padding() {
        return padding;
    }

    @Override
    public void copyInputIds(MemorySegment target) {
        write(target, packing.paddingId(), (piece, segment, at) -> piece.copyInputIds(target, at));
    }

    @Override
    public void copyLabels(MemorySegment target) {
        write(target, DocumentBatch.IGNORED, (piece, segment, at) -> piece.copyLabels(target, at));
    }

    @Override
    public void copySegmentIds(MemorySegment target) {
        for (int row = 0; row < rows(); row++) {
            fill(target, row * length(), length(), row < rows.size() ? rows.get(row).size() : 0);
        }
        forEachPiece((piece, segment, at) -> fill(target, at, piece.length(), segment));
    }

    @Override
    public void copyMask(MemorySegment target) {
        write(target, 0, (piece, segment, at) -> fill(target, at, piece.length(), 1));
    }

    /** Is given every piece, its segment id and the position of its first token. */
    private interface Visitor {
        void piece(Piece piece, int segment, int at);
    }

    private void write(MemorySegment target, int padded, Visitor visitor) {
        fill(target, 0, size(), padded);
        forEachPiece(visitor);
    }

    private void forEachPiece(Visitor visitor) {
        for (int row = 0; row < rows.size(); row++) {
            int at = row * length();
            for (int segment = 0; segment < rows.get(row).size(); segment++) {
                Piece piece = rows.get(row).get(segment);
                visitor.piece(piece, segment, at);
                at += piece.length();
            }
        }
    }

    private int size() {
        return Math.multiplyExact(packing.rows(), packing.length());
    }

    private static void fill(MemorySegment target, int from, int count, int value) {
        for (int i = from; i < from + count; i++) {
            target.setAtIndex(TOKEN, i, value);
        }
    }
}
