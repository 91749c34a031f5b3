package dev.wuneng.data.pack;

import dev.wuneng.data.arrow.DocumentBatch;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Packs documents into rows of a fixed length: best fit over a few open rows.
 *
 * <p>A piece goes to the open row that it leaves the least room in, or opens a row. A full row is done; so is the
 * fullest one when too many are open. A document longer than a row is cut at multiples of the row's length.
 */
final class RowPacker {

    // Enough that most rows of short documents are filled to the last few tokens; rows still come in reading order.
    private static final int OPEN_ROWS = 32;

    private final int length;
    private final List<Row> open = new ArrayList<>();
    private final List<List<Piece>> done = new ArrayList<>();

    RowPacker(int length) {
        this.length = length;
    }

    /** Adds a document of a batch. One without tokens vanishes. */
    void add(DocumentBatch batch, int document) {
        int end = batch.offsets()[document + 1];
        for (int from = batch.offsets()[document]; from < end; from += length) {
            place(new Piece(batch, from, Math.min(from + length, end)));
        }
    }

    /** All rows, the unfinished ones last. */
    List<List<Piece>> finish() {
        open.forEach(row -> done.add(row.pieces));
        open.clear();
        return done;
    }

    private void place(Piece piece) {
        Row row = open.stream().filter(candidate -> candidate.room >= piece.length())
                .min(Comparator.comparingInt(candidate -> candidate.room)).orElseGet(this::openRow);
        row.pieces.add(piece);
        row.room -= piece.length();
        if (row.room == 0) {
            close(row);
        } else if (open.size() > OPEN_ROWS) {
            close(open.stream().min(Comparator.comparingInt(candidate -> candidate.room)).orElseThrow());
        }
    }

    private Row openRow() {
        Row row = new Row(length);
        open.add(row);
        return row;
    }

    private void close(Row row) {
        open.remove(row);
        done.add(row.pieces);
    }

    private static final class Row {

        private final List<Piece> pieces = new ArrayList<>();
        private int room;

        private Row(int room) {
            this.room = room;
        }
    }
}
