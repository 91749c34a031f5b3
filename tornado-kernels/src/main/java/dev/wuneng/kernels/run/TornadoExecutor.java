package dev.wuneng.kernels.run;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import uk.ac.manchester.tornado.api.common.TornadoDevice;

/**
 * Runs programs on a device of TornadoVM. Buffers stay on the device between runs; the host's copy is the older one until it is
 * downloaded. Whatever TornadoVM or the driver cannot do is a {@link KernelException}: nothing is ever computed elsewhere instead.
 */
public final class TornadoExecutor implements Executor {
    private final TornadoDevice device;
    private final DeviceInfo info;
    private final WorkSizes sizes;
    private final Profile profile = new Profile();
    /** Buffers whose contents on the device may differ from the host's. */
    private final Set<Buffer> newerOnDevice = new LinkedHashSet<>();
    private TornadoPlan plan;
    private boolean closed;

    TornadoExecutor(TornadoDevice device, DeviceInfo info, WorkSizes sizes) {
        this.device = device;
        this.info = info;
        this.sizes = sizes;
    }

    @Override
    public Profile profile() {
        return profile;
    }

    @Override
    public String device() {
        return info + ", TornadoVM " + TornadoSdk.version();
    }

    /** Buffers are in the host's memory too. */
    @Override
    public long memory() {
        return Math.min(info.memory(), HostMemory.limit());
    }

    @Override
    public void prepare(List<Program> programs) {
        if (closed) {
            throw new IllegalStateException("the executor is closed");
        }
        leavePlan();
        plan = new TornadoPlan(device, info, sizes, profile, programs);
    }

    @Override
    public void run(Program program, int index) {
        if (plan == null || !plan.has(program)) {
            List<Program> programs = new ArrayList<>(plan == null ? List.of() : plan.programs());
            programs.add(program);
            prepare(programs);
        }
        program.moveTo(index);
        plan.run(program);
        newerOnDevice.addAll(program.buffers());
    }

    @Override
    public void upload(Buffer buffer) {
        newerOnDevice.remove(buffer);
        if (plan != null && plan.has(buffer)) {
            plan.upload(buffer);
        }
    }

    @Override
    public void download(Buffer buffer) {
        if (newerOnDevice.remove(buffer)) {
            plan.download(buffer);
        }
    }

    /** Brings back what only the device knows and frees its memory. */
    private void leavePlan() {
        if (plan != null) {
            newerOnDevice.forEach(plan::download);
            newerOnDevice.clear();
            plan.close();
            plan = null;
        }
    }

    @Override
    public void close() {
        closed = true;
        if (plan != null) {
            plan.close();
            plan = null;
        }
    }
}
