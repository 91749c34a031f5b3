package dev.wuneng.data.pack;

import dev.wuneng.data.arrow.DocumentBatch;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Packs documents into rows of a fixed length: best fit, the longest first.
 *
 * <p>A piece goes to the row that it leaves the least room in, or opens a row. Since short pieces come last, they fill
 * what the long ones left. A document longer than a row is cut at multiples of the row's length.
 */
final class RowPacker {

    private final int length;
    private final List<Piece> pieces = new ArrayList<>();

    RowPacker(int length) {
        this.length = length;
    }

    /** Adds a document of a batch. One without tokens vanishes. */
    void add(DocumentBatch batch, int document) {
        int end = batch.offsets()[document + 1];
        for (int from = batch.offsets()[document]; from < end; from += length) {
            pieces.add(new Piece(batch, from, Math.min(from + length, end)));
        }
    }

    /** The rows, those of the longest pieces first. */
    List<List<Piece>> pack() {
        pieces.sort(Comparator.comparingInt(Piece::length).reversed());
        List<List<Piece>> rows = new ArrayList<>();
        TreeMap<Integer, Deque<List<Piece>>> byRoom = new TreeMap<>();
        for (Piece piece : pieces) {
            Map.Entry<Integer, Deque<List<Piece>>> fit = byRoom.ceilingEntry(piece.length());
            int room = fit == null ? length : fit.getKey();
            List<Piece> row;
            if (fit == null) {
                row = new ArrayList<>();
                rows.add(row);
            } else {
                row = fit.getValue().remove();
                if (fit.getValue().isEmpty()) {
                    byRoom.remove(room);
                }
            }
            row.add(piece);
            if (room > piece.length()) {
                byRoom.computeIfAbsent(room - piece.length(), left -> new ArrayDeque<>()).add(row);
            }
        }
        return rows;
    }
}
