package dev.wuneng.kernels.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.kernels.run.JvmExecutor;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ThroughputTest {
    @Test
    void launchesThatFollowEachOtherAreMeasuredAsOne() {
        assertEquals(List.of("cross_entropy.partial"), measured("cross_entropy"));
    }

    @Test
    void everyOtherKernelIsMeasuredAlone() {
        assertEquals(List.of("rms_norm.forward", "rms_norm.backward_input", "rms_norm.backward_weight", "column_sum.accumulate"), measured("rms_norm"));
    }

    private static List<String> measured(String containing) {
        List<String> kernels = new ArrayList<>();
        try (JvmExecutor executor = new JvmExecutor(1)) {
            Throughput.measure(executor, containing, one -> {
                assertTrue(one.rate() > 0, one.toString());
                kernels.add(one.kernel());
            });
        }
        return kernels;
    }
}
