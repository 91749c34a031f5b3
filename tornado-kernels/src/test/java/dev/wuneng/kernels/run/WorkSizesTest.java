package dev.wuneng.kernels.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Groups always divide what is launched, stay within what the device allows, and cover every item. */
class WorkSizesTest {
    private static DeviceInfo device(String kind, int units, long groupLimit) {
        return new DeviceInfo("x:0:0", "x", "a device", kind, 1L << 30, 1L << 28, 1 << 15, units, groupLimit, "32", "");
    }

    @Test
    void groupsDivideAndCover() {
        for (String kind : new String[] {"CPU", "GPU"}) {
            for (int units : new int[] {1, 2, 16, 132}) {
                for (long limit : new long[] {1, 7, 64, 1024}) {
                    WorkSizes sizes = new WorkSizes(device(kind, units, limit));
                    for (int items : new int[] {1, 2, 15, 16, 17, 63, 1000, 65_537, 1_500_000_000}) {
                        int local = sizes.local(items);
                        int global = sizes.global(items);
                        assertTrue(local >= 1 && local <= limit, kind + " " + units + " " + limit + " " + items);
                        assertEquals(0, global % local);
                        assertTrue(global >= items || (long) items + global > Integer.MAX_VALUE - local, global + " work-items for " + items);
                        assertTrue((long) items - 1 + global <= Integer.MAX_VALUE, "the loop's step would overflow");
                    }
                }
            }
        }
    }

    @Test
    void everyUnitOfACpuGetsSomething() {
        WorkSizes sizes = new WorkSizes(device("CPU", 2, 4096));
        assertEquals(1, sizes.local(7));
        assertEquals(8, sizes.local(64));
        assertEquals(16, sizes.local(100_000));
    }
}
