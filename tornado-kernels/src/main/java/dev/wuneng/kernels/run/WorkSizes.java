package dev.wuneng.kernels.run;

/**
 * How the items of a launch are grouped for a device: in whole work-groups, small enough that every compute unit gets some and no larger
 * than the device allows.
 */
class WorkSizes {
    /** Groups for each compute unit, so that one that finishes early finds more. */
    private static final int GROUPS_PER_UNIT = 4;
    private static final int CPU_GROUP = 16;
    private static final int GPU_GROUP = 64;

    private final DeviceInfo device;

    WorkSizes(DeviceInfo device) {
        this.device = device;
    }

    /** Work-items in a group. */
    int local(int items) {
        long perUnit = Math.max(1, items / (GROUPS_PER_UNIT * Math.max(1L, device.units())));
        long wanted = Math.min(Long.highestOneBit(perUnit), device.isCpu() ? CPU_GROUP : GPU_GROUP);
        return (int) Math.max(1, Math.min(wanted, device.groupLimit()));
    }

    /** Work-items in all: the items, rounded up to whole groups. */
    int global(int items) {
        int local = local(items);
        return (int) Math.min((items + local - 1L) / local, Integer.MAX_VALUE / local) * local;
    }
}
