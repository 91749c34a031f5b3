package dev.wuneng.kernels.host;

/** How forms over elements that know nothing of each other cut these into items. */
public final class Blocks {
    private static final int SIZE = 4096;

    private Blocks() {
    }

    public static int items(int count) {
        return (int) (((long) count + SIZE - 1) / SIZE);
    }

    /** The first element of an item. */
    static int begin(int item) {
        return item * SIZE;
    }

    /** Behind the last element of the items before {@code to}. */
    static int end(int to, int count) {
        return (int) Math.min(count, (long) to * SIZE);
    }
}
