package dev.wuneng.data.pack;

import dev.wuneng.data.arrow.DocumentBatch;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.TreeMap;

/**
 * Packs documents into rows of a fixed length: best fit, row by row.
 *
 * <p>A row takes the longest pieces there are while any would fit twice more, and then the two that leave the least room.
 * On documents of similar lengths, for which there are no short ones to fill the gaps, this leaves a quarter of what best
 * fit piece by piece does. A document longer than a row is cut at multiples of the row's length.
 */
final class RowPacker {

    private final int length;
    // Pieces of each length in the order that they came in.
    private final TreeMap<Integer, Deque<Numbered>> byLength = new TreeMap<>();
    private int count;

    private record Numbered(int number, Piece piece) {
    }

    private record Row(int firstNumber, List<Piece> pieces) {
    }

    RowPacker(int length) {
        this.length = length;
    }

    /** Adds a document of a batch. One without tokens vanishes. */
    void add(DocumentBatch batch, int document) {
        int end = batch.offsets()[document + 1];
        for (int from = batch.offsets()[document]; from < end; from += length) {
            Piece piece = new Piece(batch, from, Math.min(from + length, end));
            byLength.computeIfAbsent(piece.length(), none -> new ArrayDeque<>()).add(new Numbered(count++, piece));
        }
    }

    /** All rows, ordered by their longest pieces' order and not by length: the first rows are no worse a sample than others. */
    List<List<Piece>> pack() {
        List<Row> rows = new ArrayList<>();
        while (!byLength.isEmpty()) {
            rows.add(packRow());
        }
        rows.sort(Comparator.comparingInt(Row::firstNumber));
        return rows.stream().map(Row::pieces).toList();
    }

    private Row packRow() {
        Row row = new Row(byLength.lastEntry().getValue().getFirst().number(), new ArrayList<>());
        int room = length - take(byLength.lastKey(), row);
        while (!byLength.isEmpty() && byLength.firstKey() <= room) {
            int longest = byLength.lastKey();
            if (room > 2 * longest) {
                room -= take(longest, row);
                continue;
            }
            int larger = largerOfBestTwo(room);
            int smaller = smallerBeside(larger, room);
            room -= take(larger, row);
            if (smaller > 0) {
                room -= take(smaller, row);
            }
        }
        return row;
    }

    private int take(int pieceLength, Row row) {
        Deque<Numbered> pieces = byLength.get(pieceLength);
        row.pieces.add(pieces.remove().piece());
        if (pieces.isEmpty()) {
            byLength.remove(pieceLength);
        }
        return pieceLength;
    }

    /** The larger of the one or two lengths that fill the room best. */
    private int largerOfBestTwo(int room) {
        int best = 0;
        int bestFilled = 0;
        for (int larger : byLength.headMap(room, true).keySet()) {
            int filled = larger + smallerBeside(larger, room);
            if (filled > bestFilled) {
                best = larger;
                bestFilled = filled;
            }
        }
        return best;
    }

    /** The largest length not above the other one that still fits beside it; 0 if none does. */
    private int smallerBeside(int larger, int room) {
        Integer smaller = byLength.floorKey(Math.min(larger, room - larger));
        if (smaller != null && smaller == larger && byLength.get(larger).size() == 1) {
            smaller = byLength.lowerKey(larger);
        }
        return smaller == null ? 0 : smaller;
    }
}
