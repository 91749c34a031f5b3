package dev.wuneng.kernels.run;

/**
 * How the items of a launch are grouped for a device: in whole work-groups, small enough that every compute unit gets some and no larger
 * than the device allows.
 */
class WorkSizes {
    /** Groups for each compute unit, so that one that finishes early finds more. */
    private static final int GROUPS_PER_UNIT = 4;
    private static final int CPU_GROUP = 16;
    /** An accelerator computes whole groups of this many items at once, wanted or not. */
    private static final int GPU_LEAST = 32;
    /** It starts a group or two a clock, so that kernels of one element an item waited for groups of 64, whatever they computed. */
    private static final int GPU_GROUP = 256;

    /** TornadoVM gives every kernel this much local memory that none asks for. */
    private static final int LOCAL_BYTES = 8;

    private final DeviceInfo device;

    WorkSizes(DeviceInfo device) {
        this.device = device;
    }

    /** Whether a launch runs in its form for work-groups: on accelerators that can hold such a group. */
    boolean takes(GroupForm form) {
        return form != null && !device.isCpu() && form.items() <= device.groupLimit() && form.localBytes() + LOCAL_BYTES <= device.localMemory();
    }

    /** Whether a launch runs in its form with vectors. */
    boolean takes(VectorForm form) {
        return form != null && device.isCpu();
    }

    /** Work-items in a group of a launch. */
    int local(Launch launch) {
        return takes(launch.groupForm()) ? launch.groupForm().items() : local(items(launch));
    }

    /** Work-items of a launch in all. */
    int global(Launch launch) {
        return takes(launch.groupForm()) ? launch.groupForm().global() : global(items(launch));
    }

    private int items(Launch launch) {
        return takes(launch.vectorForm()) ? launch.vectorForm().items() : launch.items();
    }

    /** Work-items in a group. */
    int local(int items) {
        long perUnit = Math.max(1, items / (GROUPS_PER_UNIT * Math.max(1L, device.units())));
        long wanted = Long.highestOneBit(perUnit);
        long fits = device.isCpu() ? Math.min(wanted, CPU_GROUP) : Math.clamp(wanted, GPU_LEAST, GPU_GROUP);
        return (int) Math.max(1, Math.min(fits, device.groupLimit()));
    }

    /**
     * Work-items in all: the items, rounded up to whole groups, since a kernel's loop strides over its items. A work-item's loop steps on by this number, and must not step over the
     * largest int, so of more than 2³⁰ items each takes several.
     */
    int global(int items) {
        int local = local(items);
        long groups = Math.min((items + local - 1L) / local, (Integer.MAX_VALUE - items) / local);
        return (int) Math.max(1, groups) * local;
    }
}
