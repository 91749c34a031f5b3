package dev.wuneng.data.pack;

import dev.wuneng.data.arrow.DocumentBatch;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.TreeMap;

/**
 * Packs documents into rows of a fixed length: best fit, row by row.
 *
 * <p>A row begins with the longest piece if that takes more than half of it, for there is one such piece a row at most.
 * Otherwise it takes pieces as they come while any would fit twice more, and then the two that leave the least room.
 * Where best fit piece by piece leaves gaps, as on documents of similar lengths, this leaves almost none. A document
 * longer than a row is cut at multiples of the row's length.
 */
final class RowPacker {

    private final int length;
    private final List<Piece> pieces = new ArrayList<>();
    // The numbers of the pieces of each length that are not yet in a row, ascending.
    private final TreeMap<Integer, Deque<Integer>> byLength = new TreeMap<>();
    private final BitSet packed = new BitSet();

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
            byLength.computeIfAbsent(piece.length(), none -> new ArrayDeque<>()).add(pieces.size());
            pieces.add(piece);
        }
    }

    /** All rows, in the order that their first pieces came in. */
    List<List<Piece>> pack() {
        List<Row> rows = new ArrayList<>();
        while (!byLength.isEmpty()) {
            rows.add(packRow());
        }
        rows.sort(Comparator.comparingInt(Row::firstNumber));
        return rows.stream().map(Row::pieces).toList();
    }

    private Row packRow() {
        int first = byLength.lastKey() > length / 2 ? byLength.lastKey() : nextInOrder();
        Row row = new Row(byLength.get(first).getFirst(), new ArrayList<>());
        int room = length - take(first, row);
        while (!byLength.isEmpty() && byLength.firstKey() <= room) {
            if (room > 2 * byLength.lastKey()) {
                room -= take(nextInOrder(), row);
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

    /** The length of the first piece that is not yet in a row. */
    private int nextInOrder() {
        return pieces.get(packed.nextClearBit(0)).length();
    }

    /** Puts the first piece of a length into a row. */
    private int take(int pieceLength, Row row) {
        Deque<Integer> numbers = byLength.get(pieceLength);
        int number = numbers.remove();
        row.pieces.add(pieces.get(number));
        packed.set(number);
        if (numbers.isEmpty()) {
            byLength.remove(pieceLength);
        }
        return pieceLength;
    }

    /** The larger of the one or two lengths that fill the room best; of several the largest, as it is harder to place later. */
    private int largerOfBestTwo(int room) {
        int best = 0;
        int bestFilled = 0;
        for (int larger : byLength.headMap(room, true).keySet()) {
            int filled = larger + smallerBeside(larger, room);
            if (filled >= bestFilled) {
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
