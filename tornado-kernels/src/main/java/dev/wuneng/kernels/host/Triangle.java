package dev.wuneng.kernels.host;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * The triangles of {@link StatePiece} where a vector holds as many numbers as a piece has tokens, so that both halves of a row are one vector each: eight
 * rows stay in registers, and what a token does not see becomes zero as they are stored. Unlike in {@link SmallProduct}, elements of a and rows of b have
 * constant distances, with which the JVM's compiler checks bounds before the loop instead of within.
 */
final class Triangle {
    static final boolean SUITS = Lanes.LENGTH == PieceMemory.TOKENS;
    private static final int ROWS = 8;
    private static final int ROW = PieceMemory.PAIR;
    private static final FloatVector LANE = Lanes.of(0f).addIndex(1);

    private Triangle() {
    }

    /**
     * c = a b, row-major, [16, 32] from [16, k] and [k, 32].
     *
     * @param aRow elements from one row of a to the next
     * @param seen columns of either half that are kept in the first row; one more in each that follows
     */
    static void run(float[] s, int a, int aRow, int b, int c, int k, int seen) {
        for (int i = 0; i < PieceMemory.TOKENS; i += ROWS) {
            rows(s, a + i * aRow, aRow, b, c + i * ROW, k, seen + i);
        }
    }

    private static void rows(float[] s, int a, int aRow, int b, int c, int k, int seen) {
        FloatVector c00 = Lanes.of(0f);
        FloatVector c01 = Lanes.of(0f);
        FloatVector c10 = Lanes.of(0f);
        FloatVector c11 = Lanes.of(0f);
        FloatVector c20 = Lanes.of(0f);
        FloatVector c21 = Lanes.of(0f);
        FloatVector c30 = Lanes.of(0f);
        FloatVector c31 = Lanes.of(0f);
        FloatVector c40 = Lanes.of(0f);
        FloatVector c41 = Lanes.of(0f);
        FloatVector c50 = Lanes.of(0f);
        FloatVector c51 = Lanes.of(0f);
        FloatVector c60 = Lanes.of(0f);
        FloatVector c61 = Lanes.of(0f);
        FloatVector c70 = Lanes.of(0f);
        FloatVector c71 = Lanes.of(0f);
        for (int l = 0; l < k; l++) {
            FloatVector b0 = FloatVector.fromArray(Lanes.SPECIES, s, b + l * ROW);
            FloatVector b1 = FloatVector.fromArray(Lanes.SPECIES, s, b + l * ROW + Lanes.LENGTH);
            FloatVector x = FloatVector.broadcast(Lanes.SPECIES, s[a + l]);
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            x = FloatVector.broadcast(Lanes.SPECIES, s[a + aRow + l]);
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            x = FloatVector.broadcast(Lanes.SPECIES, s[a + 2 * aRow + l]);
            c20 = x.fma(b0, c20);
            c21 = x.fma(b1, c21);
            x = FloatVector.broadcast(Lanes.SPECIES, s[a + 3 * aRow + l]);
            c30 = x.fma(b0, c30);
            c31 = x.fma(b1, c31);
            x = FloatVector.broadcast(Lanes.SPECIES, s[a + 4 * aRow + l]);
            c40 = x.fma(b0, c40);
            c41 = x.fma(b1, c41);
            x = FloatVector.broadcast(Lanes.SPECIES, s[a + 5 * aRow + l]);
            c50 = x.fma(b0, c50);
            c51 = x.fma(b1, c51);
            x = FloatVector.broadcast(Lanes.SPECIES, s[a + 6 * aRow + l]);
            c60 = x.fma(b0, c60);
            c61 = x.fma(b1, c61);
            x = FloatVector.broadcast(Lanes.SPECIES, s[a + 7 * aRow + l]);
            c70 = x.fma(b0, c70);
            c71 = x.fma(b1, c71);
        }
        VectorMask<Float> behind0 = LANE.compare(VectorOperators.GE, seen);
        c00.blend(0f, behind0).intoArray(s, c);
        c01.blend(0f, behind0).intoArray(s, c + Lanes.LENGTH);
        VectorMask<Float> behind1 = LANE.compare(VectorOperators.GE, seen + 1);
        c10.blend(0f, behind1).intoArray(s, c + ROW);
        c11.blend(0f, behind1).intoArray(s, c + ROW + Lanes.LENGTH);
        VectorMask<Float> behind2 = LANE.compare(VectorOperators.GE, seen + 2);
        c20.blend(0f, behind2).intoArray(s, c + 2 * ROW);
        c21.blend(0f, behind2).intoArray(s, c + 2 * ROW + Lanes.LENGTH);
        VectorMask<Float> behind3 = LANE.compare(VectorOperators.GE, seen + 3);
        c30.blend(0f, behind3).intoArray(s, c + 3 * ROW);
        c31.blend(0f, behind3).intoArray(s, c + 3 * ROW + Lanes.LENGTH);
        VectorMask<Float> behind4 = LANE.compare(VectorOperators.GE, seen + 4);
        c40.blend(0f, behind4).intoArray(s, c + 4 * ROW);
        c41.blend(0f, behind4).intoArray(s, c + 4 * ROW + Lanes.LENGTH);
        VectorMask<Float> behind5 = LANE.compare(VectorOperators.GE, seen + 5);
        c50.blend(0f, behind5).intoArray(s, c + 5 * ROW);
        c51.blend(0f, behind5).intoArray(s, c + 5 * ROW + Lanes.LENGTH);
        VectorMask<Float> behind6 = LANE.compare(VectorOperators.GE, seen + 6);
        c60.blend(0f, behind6).intoArray(s, c + 6 * ROW);
        c61.blend(0f, behind6).intoArray(s, c + 6 * ROW + Lanes.LENGTH);
        VectorMask<Float> behind7 = LANE.compare(VectorOperators.GE, seen + 7);
        c70.blend(0f, behind7).intoArray(s, c + 7 * ROW);
        c71.blend(0f, behind7).intoArray(s, c + 7 * ROW + Lanes.LENGTH);
    }
}
