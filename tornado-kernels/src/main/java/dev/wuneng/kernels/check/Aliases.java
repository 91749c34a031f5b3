package dev.wuneng.kernels.check;

import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.kernels.run.View;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Finds launches that give a kernel one buffer twice and write it, on which TornadoVM hangs. Which arrays a kernel writes is read from
 * its bytecode, so nothing has to be declared.
 */
public final class Aliases {
    /** Arguments of a kernel before its arrays. */
    private static final int LEADING = 4;

    private Aliases() {
    }

    /** One sentence for each buffer that a launch of a program gets twice, once to write it. */
    public static List<String> of(Program program) {
        List<String> found = new ArrayList<>();
        program.launches().forEach(launch -> found.addAll(of(launch)));
        return found;
    }

    /** One sentence for each buffer that a launch gets twice, once to write it. */
    public static List<String> of(Launch launch) {
        List<String> found = new ArrayList<>();
        List<View> views = launch.views();
        for (int i = 0; i < views.size(); i++) {
            for (int j = i + 1; j < views.size(); j++) {
                if (views.get(i).buffer() == views.get(j).buffer()) {
                    Set<Integer> written = KernelCode.of(launch.kernel()).written();
                    if (written.contains(LEADING + i) || written.contains(LEADING + j)) {
                        found.add(launch.name() + " writes buffer " + views.get(i).buffer().name() + ", which is both its array " + i + " and its array " + j);
                    }
                }
            }
        }
        return found;
    }
}
