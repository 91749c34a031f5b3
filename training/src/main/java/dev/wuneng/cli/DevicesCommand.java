package dev.wuneng.cli;

import picocli.CommandLine.Command;

/** {@code wuneng devices}. */
@Command(name = "devices", description = "Lists what can compute here: the JVM, and every device that TornadoVM sees.")
final class DevicesCommand implements Runnable {
    @Override
    public void run() {
        dev.wuneng.kernels.cli.DevicesCommand.print(System.out);
    }
}
