package dev.wuneng.kernels.run;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import uk.ac.manchester.tornado.api.TornadoBackend;
import uk.ac.manchester.tornado.api.TornadoRuntime;
import uk.ac.manchester.tornado.api.common.TornadoDevice;

/** The devices of this machine: the JVM, and what TornadoVM sees where it is there. */
public final class Devices {
    /** The device that is always there. */
    public static final String JVM = "jvm";
    /** The first accelerator that TornadoVM sees, and otherwise the JVM. */
    public static final String AUTO = "auto";

    private static final Pattern DRIVER = Pattern.compile("Driver version\\s*:\\s*(.*\\S)");

    private Devices() {
    }

    /** Every device, the JVM first. */
    public static List<DeviceInfo> list() {
        List<DeviceInfo> devices = new ArrayList<>();
        devices.add(jvm());
        if (TornadoSdk.missing().isEmpty()) {
            for (Found found : found()) {
                devices.add(found.info);
            }
        }
        return devices;
    }

    /**
     * Opens the device that a name says: {@code jvm}; {@code auto}; a backend such as {@code opencl}, for its first device; or
     * {@code opencl:driver:device} with TornadoVM's own indices. A device that is not there is an error.
     */
    public static Executor open(String name) {
        return open(name, Runtime.getRuntime().availableProcessors());
    }

    /** The device that computes where none is named: TornadoVM's first in a program that was started by it, and otherwise the JVM. */
    public static String standard() {
        if (TornadoSdk.missing().isPresent()) {
            return JVM;
        }
        List<Found> found = found();
        return found.stream().filter(f -> !f.info.isCpu()).findFirst().or(() -> found.stream().findFirst()).map(f -> f.info.id()).orElse(JVM);
    }

    /** The same with a number of threads for the JVM; a device of TornadoVM has its own. */
    public static Executor open(String name, int threads) {
        if (name.equalsIgnoreCase(JVM)) {
            return new JvmExecutor(threads);
        }
        Optional<String> missing = TornadoSdk.missing();
        if (name.equalsIgnoreCase(AUTO)) {
            Optional<Found> accelerator = missing.isPresent() ? Optional.empty() : found().stream().filter(f -> !f.info.isCpu()).findFirst();
            return accelerator.map(Found::open).orElseGet(() -> new JvmExecutor(threads));
        }
        if (missing.isPresent()) {
            throw new KernelException("device " + name + " is not available: " + missing.get());
        }
        List<Found> found = found();
        for (Found f : found) {
            if (f.info.id().equalsIgnoreCase(name) || f.info.backend().equalsIgnoreCase(name)) {
                return f.open();
            }
        }
        throw new KernelException("device " + name + " is not available; there are " + JVM + found.stream().map(f -> ", " + f.info.id()).reduce("", String::concat));
    }

    /** TornadoVM's own object of a device. */
    static TornadoDevice tornado(DeviceInfo device) {
        return found().stream().filter(f -> f.info.id().equals(device.id())).findFirst().orElseThrow().device;
    }

    private record Found(TornadoDevice device, DeviceInfo info) {
        Executor open() {
            return new TornadoExecutor(device, info, new WorkSizes(info));
        }
    }

    private static List<Found> found() {
        List<Found> devices = new ArrayList<>();
        TornadoRuntime runtime = TornadoSdk.runtime();
        for (int b = 0; b < runtime.getNumBackends(); b++) {
            TornadoBackend backend = runtime.getBackend(b);
            for (int d = 0; d < backend.getNumDevices(); d++) {
                devices.add(new Found(backend.getDevice(d), info(backend.getDevice(d), b, d)));
            }
        }
        return devices;
    }

    private static DeviceInfo info(TornadoDevice device, int backendIndex, int deviceIndex) {
        // By name: newer backends are not in the enumeration that this is compiled against.
        String backend = device.getTornadoVMBackend().name().toLowerCase(Locale.ROOT);
        // Groups are of one dimension here. Some backends tell the size of a whole launch for that of a group, and the true limit as threads a block.
        long groupLimit = Math.min(device.getPhysicalDevice().getDeviceMaxWorkGroupSize()[0], device.getPhysicalDevice().getMaxThreadsPerBlock());
        String description = String.valueOf(device.getPhysicalDevice().getDeviceInfo());
        Matcher driver = DRIVER.matcher(description);
        return new DeviceInfo(backend + ":" + backendIndex + ":" + deviceIndex, backend, device.getPhysicalDevice().getDeviceName().strip(),
                kind(device), device.getMaxGlobalMemory(), device.getMaxAllocMemory(), device.getDeviceLocalMemorySize(),
                device.getPhysicalDevice().getDeviceMaxComputeUnits(), groupLimit, floats(backend, description), driver.find() ? driver.group(1) : "");
    }

    private static String kind(TornadoDevice device) {
        String type = device.getDeviceType().name();
        return type.substring(type.lastIndexOf('_') + 1);
    }

    private static String floats(String backend, String description) {
        return switch (backend) {
            case "cuda", "ptx" -> "16 32 64";
            case "metal" -> "16 32";
            default -> (description.contains("cl_khr_fp16") ? "16 " : "") + "32" + (description.contains("cl_khr_fp64") ? " 64" : "");
        };
    }

    private static DeviceInfo jvm() {
        Runtime runtime = Runtime.getRuntime();
        return new DeviceInfo(JVM, JVM, "Java " + Runtime.version().feature(), "CPU", HostMemory.limit(), 4L * (Integer.MAX_VALUE - 16), 0,
                runtime.availableProcessors(), 0, "32 64", "");
    }
}
