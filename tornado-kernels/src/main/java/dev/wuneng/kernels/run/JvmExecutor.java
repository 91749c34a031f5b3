package dev.wuneng.kernels.run;

import java.util.List;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Runs programs on the JVM's own threads. A launch is cut into parts that idle workers take; every item is computed alone, so the result
 * is the same, to the bit, for any number of threads.
 */
public final class JvmExecutor implements Executor {
    /** Parts for each thread: enough that one slow part does not leave the others waiting for long. */
    private static final int PARTS_PER_THREAD = 4;

    private final Workers workers;
    private final boolean plain;
    private final Profile profile = new Profile();

    public JvmExecutor(int threads) {
        this(threads, false);
    }

    private JvmExecutor(int threads, boolean plain) {
        this.workers = new Workers(threads);
        this.plain = plain || !vectorApi();
    }

    /** As many threads as the machine has processors. */
    public static JvmExecutor allCores() {
        return new JvmExecutor(Runtime.getRuntime().availableProcessors());
    }

    /** Runs only the plain kernels, those that a device runs too: the reference for the host bodies. */
    public static JvmExecutor plain(int threads) {
        return new JvmExecutor(threads, true);
    }

    private static boolean vectorApi() {
        return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    }

    @Override
    public String device() {
        return "JVM " + Runtime.version().feature() + ", " + workers.threads() + (workers.threads() == 1 ? " thread" : " threads")
                + (vectorApi() ? "" : ", slow: without the Vector API (add --add-modules jdk.incubator.vector)");
    }

    @Override
    public Profile profile() {
        return profile;
    }

    @Override
    public long memory() {
        return HostMemory.limit();
    }

    @Override
    public void prepare(List<Program> programs) {
        // Nothing is compiled ahead.
    }

    @Override
    public boolean compiles() {
        return false;
    }

    @Override
    public void run(Program program, int index) {
        program.moveTo(index);
        int i = 0;
        while (i < program.launches().size()) {
            Launch launch = program.launches().get(i);
            long start = System.nanoTime();
            try {
                HostForm form = plain ? null : launch.hostForm();
                if (form != null) {
                    runHostForm(form, program.offsets(i, launch.together().size()));
                    i += launch.together().size();
                } else {
                    runKernel(launch, program.at(i), program.offsetsOf(i));
                    i++;
                }
            } catch (RuntimeException e) {
                throw new KernelException("kernel " + launch.name() + " of program " + program.name() + " failed: " + e, e);
            }
            if (profile.everyRun()) {
                profile.add(launch.name(), System.nanoTime() - start);
            }
        }
    }

    private void runKernel(Launch launch, IntArray at, int p) {
        int items = launch.items();
        int parts = parts(items, PARTS_PER_THREAD);
        workers.run(parts, (part, scratch) -> launch.kernel().call(
                launch.arguments(bound(items, part, parts), bound(items, part + 1, parts), at, p)));
    }

    private void runHostForm(HostForm form, int[] offsets) {
        int items = form.items();
        int parts = parts(items, form.fewParts() ? 1 : PARTS_PER_THREAD);
        workers.run(parts, (part, scratch) -> form.body().run(
                bound(items, part, parts), bound(items, part + 1, parts), offsets, scratch));
    }

    private int parts(int items, int perThread) {
        return workers.threads() == 1 ? Math.min(items, 1) : Math.min(items, workers.threads() * perThread);
    }

    private static int bound(int items, int part, int parts) {
        return (int) ((long) items * part / parts);
    }

    @Override
    public void upload(Buffer buffer) {
        // Programs and host share the memory.
    }

    @Override
    public void download(Buffer buffer) {
        // Programs and host share the memory.
    }

    @Override
    public void close() {
        workers.close();
    }
}
