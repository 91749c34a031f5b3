package dev.wuneng.data.pack;

/**
 * Rows of packed documents, each array row-major {@code [rows * length]}.
 *
 * <p>A piece is a document, or a part of one longer than a row. Position {@code t} of a row predicts the next token of
 * its own piece: {@code labels[t]} is already shifted.
 *
 * @param inputIds   the tokens; the padding id behind a row's last piece
 * @param labels     the token to predict; -100 at a piece's last token, where the document says so and at padding
 * @param segmentIds the number of the piece in its row, from 0; padding has the number after the last one's
 * @param mask       1 where there is a token, 0 at padding
 * @param tokens     labels that are not -100: what a mean loss divides by
 * @param padding    positions that hold no token
 */
public record PackedBatch(int rows, int length, int[] inputIds, int[] labels, int[] segmentIds, int[] mask, int tokens,
        int padding) {

    /** The share of positions that hold no token, 0 to 1. */
    public double paddingShare() {
        return (double) padding / ((double) rows * length);
    }
}
