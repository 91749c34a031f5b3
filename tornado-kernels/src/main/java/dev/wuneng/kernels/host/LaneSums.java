package dev.wuneng.kernels.host;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/**
 * The sums over the lanes of as many vectors as a vector has lanes, side by side in one vector. Of two vectors becomes one, again and again:
 *
 * <pre>
 *   a0 a1 a2 a3   b0 b1 b2 b3   c0 …   d0 …
 *   a0+a2 a1+a3 b2+b0 b3+b1     c0+c2 …            half of the lanes from either, each with the lane across added
 *   a b c d                                        and so on, with ever smaller halves
 * </pre>
 */
final class LaneSums {
    private static final VectorShuffle<Float> ACROSS_8 = across(8);
    private static final VectorShuffle<Float> ACROSS_4 = across(4);
    private static final VectorShuffle<Float> ACROSS_2 = across(2);
    private static final VectorShuffle<Float> ACROSS_1 = across(1);
    private static final VectorMask<Float> UPPER_8 = upper(8);
    private static final VectorMask<Float> UPPER_4 = upper(4);
    private static final VectorMask<Float> UPPER_2 = upper(2);
    private static final VectorMask<Float> UPPER_1 = upper(1);

    private static VectorShuffle<Float> across(int bit) {
        return VectorShuffle.fromOp(Lanes.SPECIES, lane -> (lane ^ bit) % Lanes.LENGTH);
    }

    private static VectorMask<Float> upper(int bit) {
        boolean[] lanes = new boolean[Lanes.LENGTH];
        for (int lane = 0; lane < lanes.length; lane++) {
            lanes[lane] = (lane & bit) != 0;
        }
        return VectorMask.fromArray(Lanes.SPECIES, lanes, 0);
    }

    private LaneSums() {
    }

    /** Adds up each of the vectors that begin at {@code from}, which are overwritten, and leaves their sums in one at {@code to}. */
    static void addUp(float[] s, int from, int to) {
        if (Lanes.LENGTH > 8) {
            halve(s, from, 8, ACROSS_8, UPPER_8);
        }
        if (Lanes.LENGTH > 4) {
            halve(s, from, 4, ACROSS_4, UPPER_4);
        }
        halve(s, from, 2, ACROSS_2, UPPER_2);
        halve(s, from, 1, ACROSS_1, UPPER_1);
        FloatVector.fromArray(Lanes.SPECIES, s, from).intoArray(s, to);
    }

    /** Of vectors v and v + count makes one, with the lanes of v + count where their number has the bit {@code count}, and adds to each the lane across. */
    private static void halve(float[] s, int from, int count, VectorShuffle<Float> across, VectorMask<Float> upper) {
        for (int v = from; v < from + count * Lanes.LENGTH; v += Lanes.LENGTH) {
            FloatVector a = FloatVector.fromArray(Lanes.SPECIES, s, v);
            FloatVector b = FloatVector.fromArray(Lanes.SPECIES, s, v + count * Lanes.LENGTH);
            a.blend(b, upper).add(b.blend(a, upper).rearrange(across)).intoArray(s, v);
        }
    }
}
