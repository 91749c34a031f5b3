package dev.wuneng.kernels.run;

/** How the items of a launch are grouped for a device. */
final class WorkSizes {
    private WorkSizes() {
    }

    /** Work-items in a group. */
    static int local(DeviceInfo device, int items) {
        long wanted = device.isCpu() ? 16 : 64;
        long perUnit = Math.max(1, items / (4L * Math.max(1, device.units())));
        return (int) Math.max(1, Math.min(Math.min(wanted, device.groupLimit()), Long.highestOneBit(perUnit)));
    }
}
