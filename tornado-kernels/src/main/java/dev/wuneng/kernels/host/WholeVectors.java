package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.HostForm;

/**
 * Bodies that know only whole vectors. The widths of models are multiples of every vector's length; where one is not, the plain kernel runs. Loops whose
 * last loads may be masked cost many times what others do, even where nothing is left over: masks use up the JVM compiler's limits for inlining, and then
 * other vectors of the loop become objects.
 */
public final class WholeVectors {
    private WholeVectors() {
    }

    /** The form of a body over vectors of {@code size} elements, null where they are not whole. */
    public static HostForm form(int size, int items, HostBody body) {
        return size % Lanes.LENGTH == 0 ? new HostForm(items, body) : null;
    }
}
