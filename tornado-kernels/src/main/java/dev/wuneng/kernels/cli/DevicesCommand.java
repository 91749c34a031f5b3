package dev.wuneng.kernels.cli;

import dev.wuneng.kernels.run.DeviceInfo;
import dev.wuneng.kernels.run.Devices;
import dev.wuneng.kernels.run.TornadoSdk;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Lists what can compute here: the JVM, and what TornadoVM sees. */
public final class DevicesCommand {
    private DevicesCommand() {
    }

    public static void main(String[] arguments) {
        print(System.out);
    }

    public static void print(PrintStream out) {
        Optional<String> missing = TornadoSdk.missing();
        out.println(missing.map(why -> "TornadoVM: none; " + why).orElseGet(() -> "TornadoVM " + TornadoSdk.version()));
        String format = "%-12s %-7s %10s %12s %9s %6s %6s  %-10s %s%n";
        out.printf(Locale.ROOT, format, "device", "kind", "memory", "one buffer", "local", "units", "group", "floats", "name");
        List<DeviceInfo> devices = Devices.list();
        for (DeviceInfo d : devices) {
            out.printf(Locale.ROOT, format, d.id(), d.kind(), DeviceInfo.inWords(d.memory()), DeviceInfo.inWords(d.largest()),
                    DeviceInfo.inWords(d.localMemory()), d.units(), d.groupLimit() == 0 ? "-" : d.groupLimit(), d.floats(), d.name());
        }
    }
}
