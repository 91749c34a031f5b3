package dev.wuneng.kernels.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.wuneng.kernels.check.OpCase;
import dev.wuneng.kernels.check.OpCases;
import dev.wuneng.kernels.check.OpCheck;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Programs on the first device of TornadoVM; skipped, with the reason, where the JVM runs without it. */
class TornadoExecutorTest {
    private static final int N = 1000;

    private final Buffer x = Buffer.floats("x", 3 * N);
    private final Buffer y = Buffer.floats("y", N);
    private final Program addSlot = new Program("add slot", List.of(add(x.stacked(N), y.view())));
    private final Program addBack = new Program("add back", List.of(add(y.view(), x.at(2 * N)), add(x.at(2 * N), y.view())));
    private DeviceInfo device;

    @BeforeEach
    void needsTornado() {
        Optional<String> missing = TornadoSdk.missing();
        assumeTrue(missing.isEmpty(), missing::orElseThrow);
        device = Devices.list().get(1);
    }

    @Test
    void buffersStayOnTheDeviceAndProgramsHandThemOn() {
        try (Executor executor = Devices.open(device.id())) {
            fillSlots();
            executor.prepare(List.of(addSlot, addBack));
            executor.run(addSlot, 0);
            executor.run(addSlot, 1);
            executor.run(addBack, 0);
            y.floats().init(7f);
            executor.run(addSlot, 0);
            assertEquals(7f, y.floats().get(0), "nobody asked for the device's copy");
            executor.download(y);
            executor.download(x);
            for (int i = 0; i < N; i++) {
                float first = 1 + i;
                float both = first + 2 + i;
                float back = both + 3 + i;
                assertEquals(back, x.floats().get(2 * N + i), "x " + i);
                assertEquals(both + back + first, y.floats().get(i), "y " + i);
            }
        }
    }

    @Test
    void whatTheHostUploadsReplacesWhatTheDeviceHas() {
        try (Executor executor = Devices.open(device.id())) {
            fillSlots();
            executor.prepare(List.of(addSlot, addBack));
            executor.run(addSlot, 0);
            x.floats().init(10f);
            executor.upload(x);
            executor.run(addSlot, 2);
            y.floats().set(5, -1f);
            executor.download(y);
            assertEquals(11f, y.floats().get(0));
            assertEquals(16f, y.floats().get(5));
        }
    }

    @Test
    void contentsSurviveProgramsThatWereNotPrepared() {
        try (Executor executor = Devices.open(device.id())) {
            fillSlots();
            executor.run(addSlot, 0);
            executor.run(addBack, 0);
            executor.prepare(List.of(addSlot));
            executor.run(addSlot, 1);
            executor.download(y);
            assertEquals(1 + (3 + 1) + 2, y.floats().get(0));
        }
    }

    @Test
    void anyNumberOfItemsIsComputedOnce() {
        try (Executor executor = Devices.open(device.id())) {
            for (int items : new int[] {0, 1, 2, 15, 16, 17, 63, 127, 999}) {
                Buffer out = Buffer.floats("out", N);
                Program program = new Program("items", List.of(Launch.of("test.add", TornadoExecutorTest::testAdd, items, x.view(), out.view())));
                x.floats().init(1f);
                executor.prepare(List.of(program));
                executor.run(program, 0);
                executor.run(program, 0);
                executor.download(out);
                for (int i = 0; i < N; i++) {
                    assertEquals(i < items ? 2f : 0f, out.floats().get(i), items + " items, element " + i);
                }
            }
        }
    }

    @Test
    void kernelThatCannotCompileFailsTheRunByName() {
        Program program = new Program("odd", List.of(add(x.view(), y.view()),
                Launch.of("test.cannot_compile", TornadoExecutorTest::testCannotCompile, N, y.view())));
        try (Executor executor = Devices.open(device.id())) {
            fillSlots();
            for (int attempt = 0; attempt < 2; attempt++) {
                KernelException e = assertThrows(KernelException.class, () -> executor.run(program, 0));
                assertTrue(e.getMessage().contains("test.cannot_compile") && e.getMessage().contains(device.name()), e.getMessage());
            }
        }
    }

    @Test
    void launchThatTheDriverRejectsFailsTheRunByName() {
        assumeTrue(device.backend().equals("opencl"), "other backends fit group sizes themselves");
        WorkSizes wrong = new WorkSizes(device) {
            @Override
            int global(int items) {
                return 2 * local(items) + 1;
            }

            @Override
            int local(int items) {
                return 4;
            }
        };
        try (Executor executor = new TornadoExecutor(Devices.tornado(device), device, wrong)) {
            fillSlots();
            KernelException e = assertThrows(KernelException.class, () -> executor.run(addSlot, 0));
            assertTrue(e.getMessage().contains("test.add") && e.getMessage().contains("rejected"), e.getMessage());
        }
    }

    /** They are chosen for accelerators only; here they run on a CPU too. */
    @Test
    void formsForWorkGroupsComputeTheSame() {
        WorkSizes always = new WorkSizes(device) {
            @Override
            boolean takes(GroupForm form) {
                return form != null;
            }
        };
        Set<String> several = Set.of("linear rows=65 in=70 out=97", "head_linear rows=19 heads=3 out=48 in=2*32",
                "linear.forward large rows=1157 in=18 out=1189 BF16", "low_rank.forward large rows=1157 in=18 out=1189 F32",
                "linear.backward_weight large rows=18 in=1157 out=1189", "linear.backward_weight large rows=18 in=641 out=630",
                "linear.forward large rows=641 in=18 out=630 F32", "attention rows=2*50 heads=3:1 head=64 window=0 segments=[21, 29]",
                "attention rows=1*99 heads=2:2 head=64 window=37 segments=[99]", "state_scan batch=2 tokens=37 segment=9 heads=2x32",
                "state_scan batch=1 tokens=37 segment=21 heads=1x64", "state_scan batch=1 tokens=20 segment=100 heads=1x128",
                "rms_norm rows=65 width=64 groups=1 adds", "rms_norm rows=5 width=1100 groups=1", "rms_norm rows=195 width=32 groups=3 adds",
                "scaled_add rows=70 width=96 share=48", "scaled_add rows=70 width=48 share=1",
                "state_streams batch=2 tokens=11 segment=5 heads=3x64", "summary rows=70 heads=3x64", "middle_head.gated rows=65 width=33",
                "middle_head.weighted rows=65 width=33",
                "token_shift batch=1 tokens=70 segment=100 heads=4/2x64", "token_shift batch=2 tokens=70 segment=9 heads=1/1x48 adds",
                "cross_entropy rows=3 width=1030 tokens=1025 spread=3.0", "cross_entropy.loss rows=3 width=2100 tokens=2050",
                "gradient_norm ranges=300001+1000 clip=100.0", "column_sum rows=65 columns=33", "column_sum rows=200 columns=300");
        List<OpCase> cases = OpCases.all().stream().filter(c -> several.contains(c.toString())).toList();
        assertEquals(several.size(), cases.size());
        try (Executor executor = new TornadoExecutor(Devices.tornado(device), device, always)) {
            for (OpCase c : cases) {
                List<OpCheck.Result> results = OpCheck.run(c, executor, 42);
                assertTrue(!results.isEmpty() && results.stream().allMatch(OpCheck.Result::passed), () -> c + ": " + results);
            }
        }
    }

    /** The device of a CPU takes its memory from this process, which tells what is left behind: 16 MB a program, if anything. */
    @Test
    void programsThatAreClosedLeaveNoMemoryBehind() throws IOException {
        Path status = Path.of("/proc/self/status");
        assumeTrue(device.isCpu() && Files.exists(status), "resident memory is known on Linux only, and only a CPU's memory is ours");
        Buffer large = Buffer.floats("large", 4 << 20);
        long settled = 0;
        try (Executor executor = Devices.open(device.id())) {
            for (int i = 0; i < 200; i++) {
                Program program = new Program("program " + i, List.of(add(x.view(), large.view())));
                executor.prepare(List.of(program));
                executor.run(program, 0);
                if (i == 20) {
                    settled = resident(status);
                }
            }
            executor.download(large);
            long grown = resident(status) - settled;
            System.out.println("180 programs of 16 MB built and closed: resident memory grew by " + DeviceInfo.inWords(grown) + " from " + DeviceInfo.inWords(settled));
            assertTrue(grown < 1L << 30, "grew by " + grown + " bytes, and all of them take 2.8 GiB");
        }
    }

    private static long resident(Path status) throws IOException {
        return Files.readAllLines(status).stream().filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10).findFirst().orElseThrow();
    }

    @Test
    void whatDoesNotFitIsRefusedWithNumbers() {
        DeviceInfo small = new DeviceInfo(device.id(), device.backend(), device.name(), device.kind(), 10_000, 14_000, 0, device.units(),
                device.groupLimit(), "32", "");
        try (Executor executor = new TornadoExecutor(Devices.tornado(device), small, new WorkSizes(small))) {
            KernelException e = assertThrows(KernelException.class, () -> executor.prepare(List.of(addSlot)));
            assertTrue(e.getMessage().contains("15 KiB") && e.getMessage().contains("9 KiB") && e.getMessage().contains("x of 11 KiB"), e.getMessage());
        }
    }

    private void fillSlots() {
        for (int i = 0; i < 3 * N; i++) {
            x.floats().set(i, i / N + 1 + i % N);
        }
        y.floats().init(0f);
    }

    private static Launch add(View from, View to) {
        return Launch.of("test.add", TornadoExecutorTest::testAdd, N, from, to);
    }

    public static void testAdd(int from, int to, IntArray at, int p, FloatArray x, FloatArray y) {
        for (@Parallel int n = 0; n < to - from; n++) {
            int i = from + n;
            int j = at.get(p + 1) + i;
            y.set(j, y.get(j) + x.get(at.get(p) + i));
        }
    }

    public static void testCannotCompile(int from, int to, IntArray at, int p, FloatArray x) {
        for (@Parallel int n = 0; n < to - from; n++) {
            int i = at.get(p) + from + n;
            x.set(i, (float) Math.rint(x.get(i)));
        }
    }
}
