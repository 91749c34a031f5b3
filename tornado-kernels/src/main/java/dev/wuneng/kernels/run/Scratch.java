package dev.wuneng.kernels.run;

/** Memory that a worker thread keeps between launches, so that host bodies allocate nothing in the steady state. */
public final class Scratch {
    private float[] floats = new float[0];

    /** An array of at least {@code size} elements with whatever was left in it. Each call gives the same array again. */
    public float[] floats(int size) {
        if (floats.length < size) {
            floats = new float[size];
        }
        return floats;
    }
}
