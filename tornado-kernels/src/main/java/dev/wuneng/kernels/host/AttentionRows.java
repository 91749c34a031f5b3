package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.View;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** What the passes of attention do with one row of a tile, by vectors. A row is valid in columns {@code low} to {@code high - 1}. */
final class AttentionRows {
    /** What no maximum of true scores is below, yet so far above {@link #MASKED} that exp of the difference is 0. */
    static final float LOWEST_MAXIMUM = -1e29f;
    private static final float MASKED = -1e30f;
    private static final int LANES = Tile.LANES;

    private AttentionRows() {
    }

    /**
     * Takes a row of scores into the online softmax: leaves weights exp(score − maximum) in the row, raises the maximum if it must, and
     * scales what was summed below the old one.
     *
     * @param from the first column to be written, {@code to} the one behind the last
     * @param state the maximum so far, then behind it the sum of weights so far, one for each lane
     * @param sums the {@code width} weighted sums so far
     */
    static void soften(float[] s, int row, int from, int to, int low, int high, float scale, int state, int sums, int width) {
        FloatVector top = FloatVector.broadcast(Tile.SPECIES, LOWEST_MAXIMUM);
        for (int c = from / LANES * LANES; c < to; c += LANES) {
            FloatVector x = FloatVector.fromArray(Tile.SPECIES, s, row + c).mul(scale);
            if (c < low || c + LANES > high) {
                x = FloatVector.broadcast(Tile.SPECIES, MASKED).blend(x, valid(c, low, high));
            }
            x.intoArray(s, row + c);
            top = top.blend(x, x.compare(VectorOperators.GT, top));
        }
        float before = s[state];
        float maximum = Math.max(before, top.reduceLanes(VectorOperators.MAX));
        FloatVector total = FloatVector.fromArray(Tile.SPECIES, s, state + 1);
        if (maximum > before) {
            FloatVector keep = VectorMath.exp(FloatVector.broadcast(Tile.SPECIES, before - maximum));
            total = total.mul(keep);
            for (int n = 0; n < width; n += LANES) {
                FloatVector.fromArray(Tile.SPECIES, s, sums + n).mul(keep).intoArray(s, sums + n);
            }
            s[state] = maximum;
        }
        for (int c = from / LANES * LANES; c < to; c += LANES) {
            FloatVector weight = VectorMath.exp(FloatVector.fromArray(Tile.SPECIES, s, row + c).sub(maximum));
            weight.intoArray(s, row + c);
            total = total.add(weight);
        }
        total.intoArray(s, state + 1);
    }

    /** The sum of weights, of what {@link #soften} keeps. */
    static float total(float[] s, int state) {
        float sum = 0;
        for (int lane = 0; lane < LANES; lane++) {
            sum += s[state + 1 + lane];
        }
        return sum;
    }

    /** Of a query's scores and dO · v makes p and ds √N: {@code norm} and {@code dot} are its lse and D. */
    static void differentiateQuery(float[] s, int scores, int products, int from, int to, int low, int high, float scale, float norm, float dot) {
        for (int c = from / LANES * LANES; c < to; c += LANES) {
            FloatVector weight = VectorMath.exp(FloatVector.fromArray(Tile.SPECIES, s, scores + c).mul(scale).sub(norm));
            FloatVector ds = FloatVector.fromArray(Tile.SPECIES, s, products + c).sub(dot).mul(weight);
            if (c < low || c + LANES > high) {
                ds = FloatVector.zero(Tile.SPECIES).blend(ds, valid(c, low, high));
            }
            ds.intoArray(s, products + c);
        }
    }

    /** The same of a key's scores, where every column is a query with {@code norms} and {@code dots} of its own; p stays in the scores. */
    static void differentiateKey(float[] s, int scores, int products, int from, int to, int low, int high, float scale, int norms, int dots) {
        for (int c = from / LANES * LANES; c < to; c += LANES) {
            FloatVector norm = FloatVector.fromArray(Tile.SPECIES, s, norms + c);
            FloatVector dot = FloatVector.fromArray(Tile.SPECIES, s, dots + c);
            FloatVector weight = VectorMath.exp(FloatVector.fromArray(Tile.SPECIES, s, scores + c).mul(scale).sub(norm));
            FloatVector ds = FloatVector.fromArray(Tile.SPECIES, s, products + c).sub(dot).mul(weight);
            if (c < low || c + LANES > high) {
                VectorMask<Float> valid = valid(c, low, high);
                weight = FloatVector.zero(Tile.SPECIES).blend(weight, valid);
                ds = FloatVector.zero(Tile.SPECIES).blend(ds, valid);
            }
            weight.intoArray(s, scores + c);
            ds.intoArray(s, products + c);
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

    private static VectorMask<Float> valid(int column, int low, int high) {
        return Tile.SPECIES.indexInRange(column - low, high - low);
    }
}
