package dev.wuneng.kernels.op;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Every kernel keeps to what TornadoVM compiles rightly, whether or not there is a TornadoVM here. */
class KernelLanguageTest {
    @Test
    void everyKernelKeepsToTheLanguage() throws IOException, URISyntaxException, ClassNotFoundException {
        Path classes = Path.of(RmsNorm.class.getProtectionDomain().getCodeSource().getLocation().toURI()).resolve("dev/wuneng/kernels/op");
        int kernels = 0;
        try (Stream<Path> files = Files.list(classes)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".class")).sorted().toList()) {
                KernelLanguage language = new KernelLanguage(Class.forName("dev.wuneng.kernels.op." + file.getFileName().toString().replace(".class", "")));
                kernels += language.kernels().size();
                assertEquals(List.of(), language.problems());
            }
        }
        assertTrue(kernels > 50, kernels + " kernels");
    }

    @Test
    void whatIsOutsideTheLanguageIsFound() {
        List<String> problems = new KernelLanguage(Bad.class).problems();
        for (String expected : List.of("badReturn: a return inside a loop", "badBreaks: 2 breaks in a loop", "badLabel: a jump out of several loops",
                "badShift: instruction IUSHR", "badThrow: instruction ATHROW", "badName: a parameter called half", "dot: a name that OpenCL C has",
                "badInfinity: the constant -Infinity", "badMath: Math.rint(D)D", "badBoolean: a boolean argument", "badSerial: no @Parallel loop")) {
            assertTrue(problems.contains("Bad." + expected), expected + " is not among " + problems);
        }
        assertTrue(problems.stream().noneMatch(p -> p.contains("fine")), problems.toString());
    }

    /** One kernel for each thing that must be found, and one with all that is allowed. */
    static final class Bad {
        static void fine(int from, int to, IntArray at, int p, FloatArray x) {
            for (@Parallel int n = 0; n < to - from; n++) {
                float sum = 0f;
                for (int i = 0; i < n && sum < 100f; i++) {
                    if (i == 3) {
                        continue;
                    }
                    if (x.get(i) > 5f) {
                        break;
                    }
                    sum += fineHelper(x.get(i));
                }
                int k = 0;
                while (k * k < n) {
                    k++;
                }
                x.set(at.get(p) + n, sum > 0f || k > 3 ? sum : Math.max(0f, k));
            }
        }

        static float fineHelper(float value) {
            if (value > 1f) {
                return 1f;
            }
            return value;
        }

        static void badReturn(int from, int to, IntArray at, int p, FloatArray x) {
            for (@Parallel int n = 0; n < to - from; n++) {
                if (x.get(n) > 0f) {
                    return;
                }
                x.set(n, 1f);
            }
        }

        static void badBreaks(int from, int to, IntArray at, int p, FloatArray x) {
            for (@Parallel int n = 0; n < to - from; n++) {
                for (int i = 0; i < 10; i++) {
                    if (x.get(i) > 0f) {
                        break;
                    }
                    x.set(i, 2f);
                    if (x.get(i + 1) > 3f) {
                        break;
                    }
                    x.set(i, 3f);
                }
                x.set(n, 1f);
            }
        }

        static void badLabel(int from, int to, IntArray at, int p, FloatArray x) {
            for (@Parallel int n = 0; n < to - from; n++) {
                outer:
                for (int i = 0; i < 10; i++) {
                    for (int j = 0; j < 10; j++) {
                        if (x.get(j) > 0f) {
                            break outer;
                        }
                        x.set(j, 2f);
                    }
                    x.set(i, 2f);
                }
                x.set(n, 1f);
            }
        }

        static void badShift(int from, int to, IntArray at, int p, IntArray x) {
            for (@Parallel int n = 0; n < to - from; n++) {
                x.set(n, x.get(n) >>> 3);
            }
        }

        static void badThrow(int from, int to, IntArray at, int p, IntArray x) {
            for (@Parallel int n = 0; n < to - from; n++) {
                if (x.get(n) < 0) {
                    throw new IllegalStateException();
                }
            }
        }

        static void badName(int from, int to, IntArray at, int p, FloatArray half) {
            for (@Parallel int n = 0; n < to - from; n++) {
                half.set(n, 0f);
            }
        }

        static void dot(int from, int to, IntArray at, int p, FloatArray x) {
            for (@Parallel int n = 0; n < to - from; n++) {
                x.set(n, 0f);
            }
        }

        static void badInfinity(int from, int to, IntArray at, int p, FloatArray x) {
            for (@Parallel int n = 0; n < to - from; n++) {
                x.set(n, Float.NEGATIVE_INFINITY);
            }
        }

        static void badMath(int from, int to, IntArray at, int p, FloatArray x) {
            for (@Parallel int n = 0; n < to - from; n++) {
                x.set(n, (float) Math.rint(x.get(n)));
            }
        }

        static void badBoolean(int from, int to, IntArray at, int p, FloatArray x, boolean on) {
            for (@Parallel int n = 0; n < to - from; n++) {
                x.set(n, on ? 1f : 0f);
            }
        }

        static void badSerial(int from, int to, IntArray at, int p, FloatArray x) {
            for (int n = 0; n < to - from; n++) {
                x.set(n, 1f);
            }
        }
    }
}
