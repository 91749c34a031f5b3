package dev.wuneng.cli;

import dev.wuneng.kernels.run.Devices;
import dev.wuneng.kernels.run.Executor;
import picocli.CommandLine.Option;

/** {@code --device} of every command that computes. What was opened is said in the first line. */
public final class DeviceOption {
    @Option(names = "--device", paramLabel = "DEVICE",
            description = "jvm; auto (the first accelerator, otherwise the JVM); opencl, or opencl:0:1 as 'wuneng devices' lists them. "
                    + "Without it: TornadoVM's first device where TornadoVM started the program, otherwise the JVM")
    private String device;

    /** Opens the device asked for, or else the one named, or else the usual one. */
    public Executor open(String otherwise, int threads) {
        String name = device != null ? device : otherwise != null ? otherwise : Devices.standard();
        Executor executor = Devices.open(name, threads == 0 ? Runtime.getRuntime().availableProcessors() : threads);
        System.out.println("Device: " + executor.device());
        return executor;
    }

    /** Opens the device asked for, or else the usual one, with all processors where it is the JVM. */
    public Executor open() {
        return open(null, 0);
    }
}
