package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.View;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** What the passes of attention do with one row of a tile, by vectors. A row is valid in columns {@code low} to {@code high - 1}. */
final class AttentionRows {
    /** What no maximum of true scores is below, yet so far above {@link #MASKED} that exp of the difference is 0. */
    static final float LOWEST_MAXIMUM = -1e29f;
    private static final float MASKED = -1e30f;
    private static final int LANES = Tile.LANES;
    /** Read from LANES − n on, n masked elements and then zeros; BEHIND from n on, zeros and then n masked elements. */
    private static final float[] BEFORE = new float[2 * LANES];
    private static final float[] BEHIND = new float[2 * LANES];

    static {
        Arrays.fill(BEFORE, 0, LANES, MASKED);
        Arrays.fill(BEHIND, LANES, 2 * LANES, MASKED);
    }

    private AttentionRows() {
    }

    /** Scales a row of scores, masks it, and gives its maximum. */
    static float maximum(float[] s, int row, int from, int to, int low, int high, float scale) {
        FloatVector top = FloatVector.broadcast(Tile.SPECIES, LOWEST_MAXIMUM);
        for (int c = from / LANES * LANES; c < to; c += LANES) {
            FloatVector x = masked(FloatVector.fromArray(Tile.SPECIES, s, row + c).mul(scale), c, low, high);
            x.intoArray(s, row + c);
            top = top.blend(x, x.compare(VectorOperators.GT, top));
        }
        return top.reduceLanes(VectorOperators.MAX);
    }

    /** Scales what was summed below a lower maximum: the sums of weights, one for each lane, and {@code width} weighted sums. */
    static void rescale(float[] s, float keep, int totals, int sums, int width) {
        FloatVector.fromArray(Tile.SPECIES, s, totals).mul(keep).intoArray(s, totals);
        for (int n = 0; n < width; n += LANES) {
            FloatVector.fromArray(Tile.SPECIES, s, sums + n).mul(keep).intoArray(s, sums + n);
        }
    }

    /** Makes weights exp(score − maximum) of a row of scores, and adds them to their sums. */
    static void weigh(float[] s, int row, int from, int to, float maximum, int totals) {
        FloatVector total = FloatVector.fromArray(Tile.SPECIES, s, totals);
        for (int c = from / LANES * LANES; c < to; c += LANES) {
            FloatVector weight = VectorMath.weight(FloatVector.fromArray(Tile.SPECIES, s, row + c).sub(maximum));
            weight.intoArray(s, row + c);
            total = total.add(weight);
        }
        total.intoArray(s, totals);
    }

    /** The sum of weights over the lanes, in one order. */
    static float total(float[] s, int totals) {
        float sum = 0;
        for (int lane = 0; lane < LANES; lane++) {
            sum += s[totals + lane];
        }
        return sum;
    }

    /** Of a query's scores and dO · v makes p and ds √N: {@code norm} and {@code dot} are its lse and D. */
    static void differentiateQuery(float[] s, int scores, int products, int from, int to, int low, int high, float scale, float norm, float dot) {
        for (int c = from / LANES * LANES; c < to; c += LANES) {
            FloatVector x = FloatVector.fromArray(Tile.SPECIES, s, scores + c).mul(scale).sub(norm);
            FloatVector weight = VectorMath.weight(masked(x, c, low, high));
            FloatVector.fromArray(Tile.SPECIES, s, products + c).sub(dot).mul(weight).intoArray(s, products + c);
        }
    }

    /** The same of a key's scores, where every column is a query with {@code norms} and {@code dots} of its own; p stays in the scores. */
    static void differentiateKey(float[] s, int scores, int products, int from, int to, int low, int high, float scale, int norms, int dots) {
        for (int c = from / LANES * LANES; c < to; c += LANES) {
            FloatVector norm = FloatVector.fromArray(Tile.SPECIES, s, norms + c);
            FloatVector dot = FloatVector.fromArray(Tile.SPECIES, s, dots + c);
            FloatVector x = FloatVector.fromArray(Tile.SPECIES, s, scores + c).mul(scale).sub(norm);
            FloatVector weight = VectorMath.weight(masked(x, c, low, high));
            weight.intoArray(s, scores + c);
            FloatVector.fromArray(Tile.SPECIES, s, products + c).sub(dot).mul(weight).intoArray(s, products + c);
        }
    }

    /** Writes a row, scaled. */
    static void write(float[] s, int row, float scale, View to, long element, int size) {
        int n = 0;
        for (; n <= size - LANES; n += LANES) {
            FloatVector.fromArray(Tile.SPECIES, s, row + n).mul(scale).intoMemorySegment(to.segment(), 4 * (element + n), ByteOrder.nativeOrder());
        }
        if (n < size) {
            VectorMask<Float> rest = Tile.SPECIES.indexInRange(n, size);
            FloatVector.fromArray(Tile.SPECIES, s, row + n).mul(scale)
                    .intoMemorySegment(to.segment(), 4 * (element + n), ByteOrder.nativeOrder(), rest);
        }
    }

    /** Lowers the elements outside columns {@code low} to {@code high - 1} so far that exp makes them 0. */
    private static FloatVector masked(FloatVector x, int column, int low, int high) {
        int before = Math.max(0, Math.min(LANES, low - column));
        int behind = Math.max(0, Math.min(LANES, column + LANES - high));
        return x.add(FloatVector.fromArray(Tile.SPECIES, BEFORE, LANES - before)).add(FloatVector.fromArray(Tile.SPECIES, BEHIND, behind));
    }
}
