package dev.wuneng.bench;

import dev.wuneng.cli.bench.Works;
import dev.wuneng.kernels.run.JvmExecutor;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** The kernels of {@code wuneng bench compare}, by the same names, measured by JMH: alone in a JVM each, with JMH's profilers at hand. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class HotKernels {
    @Param({"linear forward 1024 × 1024 × 1024", "linear input 1024 × 1024 × 1024", "linear weight 1024 × 1024 × 1024", "attention 1024", "state scan 1024",
        "cross-entropy 151936", "kl 151936"})
    public String work;

    @Param("1")
    public int threads;

    private JvmExecutor executor;
    private Runnable run;

    @Setup
    public void makeReady() {
        executor = new JvmExecutor(threads);
        run = Works.kernel(work, executor);
    }

    @Benchmark
    public void once() {
        run.run();
    }

    @TearDown
    public void close() {
        executor.close();
    }
}
