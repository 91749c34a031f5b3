package dev.wuneng.kernels.run;

/** The forms for TornadoVM's CPUs. */
public final class VectorSimulation extends Simulation {
    @Override
    boolean hasForm(Launch launch) {
        return launch.vectorForm() != null;
    }

    @Override
    void runForm(Launch launch, Program program, int i) {
        VectorForm form = launch.vectorForm();
        form.kernel().call(launch.arguments(0, form.items(), program.at(i), program.offsetsOf(i)));
    }

    @Override
    public String device() {
        return "vectors simulated on the JVM";
    }
}
