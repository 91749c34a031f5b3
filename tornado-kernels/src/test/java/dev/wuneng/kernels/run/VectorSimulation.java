package dev.wuneng.kernels.run;

import java.util.List;

/** Runs the forms for TornadoVM's CPUs on the JVM, so that they are tested where there is no TornadoVM; launches without one run as they are. */
public final class VectorSimulation implements Executor {
    private final Executor plain = JvmExecutor.plain(1);

    @Override
    public void run(Program program, int index) {
        for (int i = 0; i < program.launches().size(); i++) {
            Launch launch = program.launches().get(i);
            VectorForm form = launch.vectorForm();
            if (form == null) {
                plain.run(new Program(launch.name(), List.of(launch)), index);
            } else {
                program.moveTo(index);
                form.kernel().call(launch.arguments(0, form.items(), program.at(i), program.offsetsOf(i)));
            }
        }
    }

    @Override
    public long memory() {
        return plain.memory();
    }

    @Override
    public String device() {
        return "vectors simulated on the JVM";
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
