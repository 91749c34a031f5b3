package dev.wuneng.kernels.check;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.GroupSimulation;
import dev.wuneng.kernels.run.JvmExecutor;
import dev.wuneng.kernels.run.Launch;
import java.util.Comparator;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Conformance must be able to fail: every fault seeded into a copy of a kernel is caught by one of the kernel's cases. */
class SeededFaultsTest {
    private record Fault(String what, String launch, UnaryOperator<Launch> seeded) {
    }

    private static final List<Fault> FAULTS = List.of(
            new Fault("a sum begins one element late", "rms_norm.forward", l -> Launch.of(l.name(), FaultyKernels::normSumsOneTooFew, l.items(), arguments(l))),
            new Fault("a swapped index", "rms_norm.forward", l -> Launch.of(l.name(), FaultyKernels::normWithSwappedGroup, l.items(), arguments(l))),
            new Fault("a cell is not written", "rms_norm.forward", l -> Launch.of(l.name(), FaultyKernels::normLeavesLastCell, l.items(), arguments(l))),
            new Fault("a write behind the end", "rms_norm.forward", l -> Launch.of(l.name(), FaultyKernels::normWritesBehindTheEnd, l.items(), arguments(l))),
            new Fault("an input is changed", "rms_norm.forward", l -> Launch.of(l.name(), FaultyKernels::normChangesItsInput, l.items(), arguments(l))),
            new Fault("a second run gives other bits", "rms_norm.forward",
                    l -> Launch.of(l.name(), FaultyKernels::normDependsOnWhatWasThere, l.items(), arguments(l))),
            new Fault("a dropped term of a gradient", "rms_norm.backward_input",
                    l -> Launch.of(l.name(), FaultyKernels::normGradientWithoutPull, l.items(), arguments(l))),
            new Fault("written instead of added", "column_sum.accumulate", l -> Launch.of(l.name(), FaultyKernels::sumReplacesTotal, l.items(), arguments(l))),
            new Fault("an off-by-one bound", "column_sum.partial", l -> Launch.of(l.name(), FaultyKernels::sumLosesRows, l.items(), arguments(l))),
            new Fault("a wrong reduction", "column_sum.partial", l -> Launch.of(l.name(), FaultyKernels::sumTakesLargest, l.items(), arguments(l))),
            new Fault("a missing barrier", "column_sum.partial", l -> Launch.of(l.name(), FaultyKernels::sumReadsNeighboursTooEarly, l.items(), arguments(l))),
            new Fault("a segment boundary is ignored", "token_shift.forward",
                    l -> Launch.of(l.name(), FaultyKernels::shiftAcrossDocuments, l.items(), arguments(l))),
            new Fault("a wrong group of heads", "token_shift.forward", l -> Launch.of(l.name(), FaultyKernels::shiftOfWrongGroup, l.items(), arguments(l))),
            new Fault("a dropped term of a derivative", "swi_glu.backward",
                    l -> Launch.of(l.name(), FaultyKernels::gluGradientDropsTerm, l.items(), arguments(l))),
            new Fault("a coarse exponential", "swi_glu.forward", l -> Launch.of(l.name(), FaultyKernels::gluWithCoarseExponential, l.items(), arguments(l))),
            new Fault("a wrong sign", "rope.forward", l -> Launch.of(l.name(), FaultyKernels::ropeBackwards, l.items(), arguments(l))),
            new Fault("a mirrored row", "embedding.forward", l -> Launch.of(l.name(), FaultyKernels::embeddingTransposed, l.items(), arguments(l))));

    private static Object[] arguments(Launch launch) {
        return Stream.concat(launch.views().stream(), launch.scalars().stream()).toArray();
    }

    @TestFactory
    Stream<DynamicTest> everyFaultIsCaught() {
        return FAULTS.stream().map(fault -> DynamicTest.dynamicTest(fault.launch + ": " + fault.what, () -> assertTrue(caught(fault), "no case has seen it")));
    }

    /** Without its barriers, an item of a group computes with what the others have not copied yet: each launch by itself, in its smallest case. */
    @TestFactory
    Stream<DynamicTest> missingBarriersAreCaught() {
        return OpCases.all().stream().flatMap(OpCase::launches).filter(l -> groups(l) > 0).map(Launch::name).distinct().sorted()
                .map(name -> DynamicTest.dynamicTest(name, () -> {
                    OpCase smallest = OpCases.all().stream().filter(c -> groups(c, name) > 0).min(Comparator.comparingInt(c -> groups(c, name))).orElseThrow();
                    try (GroupSimulation executor = new GroupSimulation(name)) {
                        Conformance run = new Conformance(42);
                        run.run("groups", executor, List.of(smallest), report -> { });
                        assertTrue(executor.launches() > 0 && !run.passed());
                    }
                }));
    }

    private static int groups(OpCase c, String name) {
        return c.launches().filter(l -> l.name().equals(name)).mapToInt(SeededFaultsTest::groups).max().orElse(0);
    }

    /** Groups of a launch that share memory. */
    private static int groups(Launch launch) {
        return launch.groupForm() == null || launch.groupForm().localBytes() == 0 ? 0 : launch.groupForm().groups();
    }

    private static boolean caught(Fault fault) {
        try (Executor executor = JvmExecutor.plain(1)) {
            Conformance run = new Conformance(42);
            run.run("jvm", executor, OpCases.all().stream().filter(c -> seed(c, fault)).toList(), report -> { });
            assertTrue(!run.reports().isEmpty(), "no case has a launch " + fault.launch);
            return !run.passed();
        }
    }

    /** Puts the fault into a case; false where the case does not have the kernel. */
    private static boolean seed(OpCase of, Fault fault) {
        boolean has = of.launches().anyMatch(l -> l.name().equals(fault.launch));
        of.forward.replaceAll(l -> l.name().equals(fault.launch) ? fault.seeded.apply(l) : l);
        of.backward.replaceAll(l -> l.name().equals(fault.launch) ? fault.seeded.apply(l) : l);
        return has;
    }
}
