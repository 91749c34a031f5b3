package dev.wuneng.kernels.run;

/**
 * A launch as the JVM executor runs it where it may use the Vector API: a body and the number of items it is cut into.
 *
 * @param fewParts whether a part of the items takes nearly as long to begin as all of them would: then each thread gets one part only. Otherwise there are
 *     some more, so that a thread that is held up does not hold up the others.
 */
public record HostForm(int items, HostBody body, boolean fewParts) {
    public HostForm(int items, HostBody body) {
        this(items, body, false);
    }
}
