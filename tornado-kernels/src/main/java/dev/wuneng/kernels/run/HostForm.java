package dev.wuneng.kernels.run;

/** A launch as the JVM executor runs it where it may use the Vector API: a body and the number of items it is cut into. */
public record HostForm(int items, HostBody body) {
}
