package dev.wuneng.kernels.run;

import java.lang.module.ResolvedModule;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import uk.ac.manchester.tornado.api.TornadoRuntime;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/**
 * The TornadoVM that this JVM was started with, if any. Its settings are made here, from inside the program and before its first class
 * loads, so that nobody has to pass them: a kernel that fails must fail the run and not fall back to Java, and the driver must not trade
 * infinities and the order of operations for speed.
 */
public final class TornadoSdk {
    private static final Pattern API_JAR = Pattern.compile("tornado-api-(.+)\\.jar");

    private TornadoSdk() {
    }

    /** Why TornadoVM cannot be used, in one sentence, or nothing where it can. */
    public static Optional<String> missing() {
        if (System.getProperty("tornado.load.runtime.implementation") == null
                && ModuleLayer.boot().findModule("tornado.runtime").isEmpty()) {
            return Optional.of("this JVM was started without TornadoVM: start it with the tornado launcher of a TornadoVM SDK, or with ./wuneng --tornado");
        }
        try {
            return runtime().getNumBackends() > 0 ? Optional.empty() : Optional.of("TornadoVM found no backend");
        } catch (Throwable t) {
            return Optional.of("TornadoVM does not start: " + Failures.reason(t));
        }
    }

    /** Has the source of every kernel appended to a file; only before anything else here is called. */
    public static void writeSources(Path file) {
        System.setProperty("tornado.printKernel", "True");
        System.setProperty("tornado.print.kernel.dir", file.toString());
    }

    static TornadoRuntime runtime() {
        Settings.make();
        return TornadoRuntimeProvider.getTornadoRuntime();
    }

    /** The version of the SDK, as its API's jar is named. */
    public static String version() {
        return ModuleLayer.boot().configuration().findModule("tornado.api")
                .map(ResolvedModule::reference)
                .flatMap(r -> r.location())
                .map(uri -> API_JAR.matcher(Path.of(uri).getFileName().toString()))
                .filter(Matcher::matches)
                .map(m -> m.group(1))
                .orElse("of unknown version");
    }

    private static final class Settings {
        static {
            System.setProperty("tornado.recover.bailout", "False");
            // 256 tasks of 15 arguments; the default of 4096 holds 21 of them.
            setUnlessGiven("tornado.tvm.maxbytecodesize", "1048576");
            // TornadoVM's own limit is arbitrary; what the device has is compared with what a program needs before anything runs.
            setUnlessGiven("tornado.device.memory", "1048576GB");
            System.setProperty("tornado.opencl.compiler.flags", "-cl-mad-enable -w");
            // A register tile is larger than what TornadoVM inlines by itself, and what it does not inline it refuses.
            System.setProperty("tornado.compiler.fullInlining", "True");
            // This phase leaves a condition that it finds always true as a constant, which the code generator then refuses.
            System.setProperty("tornado.enable.fix.reads", "False");
        }

        private static void setUnlessGiven(String key, String value) {
            if (System.getProperty(key) == null) {
                System.setProperty(key, value);
            }
        }

        static void make() {
            // The static initialiser has done it.
        }
    }
}
