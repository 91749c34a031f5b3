package dev.wuneng.kernels.run;

import java.util.List;

/** Runs forms for devices on the JVM, so that they are tested where there is no TornadoVM; launches without one run as they are. */
abstract class Simulation implements Executor {
    private final Executor plain = JvmExecutor.plain(1);

    abstract boolean hasForm(Launch launch);

    /** Runs the form of the i-th launch of a program, whose offsets are set. */
    abstract void runForm(Launch launch, Program program, int i);

    @Override
    public void run(Program program, int index) {
        for (int i = 0; i < program.launches().size(); i++) {
            Launch launch = program.launches().get(i);
            if (hasForm(launch)) {
                program.moveTo(index);
                runForm(launch, program, i);
            } else {
                plain.run(new Program(launch.name(), List.of(launch)), index);
            }
        }
    }

    @Override
    public long memory() {
        return plain.memory();
    }

    @Override
    public void prepare(List<Program> programs) {
        // Nothing is compiled ahead.
    }

    @Override
    public Profile profile() {
        return plain.profile();
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
        plain.close();
    }
}
