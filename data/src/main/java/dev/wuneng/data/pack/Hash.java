package dev.wuneng.data.pack;

/** A hash of numbers, the same on every machine and in every version of Java. */
final class Hash {

    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    private Hash() {
    }

    /** Combines the values in order, each through SplitMix64's mixing function. */
    static long of(long... values) {
        long hash = 0;
        for (long value : values) {
            hash = mix(hash + GOLDEN_GAMMA + value);
        }
        return hash;
    }

    private static long mix(long z) {
        long x = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
        long y = (x ^ x >>> 27) * 0x94D049BB133111EBL;
        return y ^ y >>> 31;
    }
}
