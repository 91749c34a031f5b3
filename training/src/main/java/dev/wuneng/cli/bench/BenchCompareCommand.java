package dev.wuneng.cli.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.wuneng.cli.DeviceOption;
import dev.wuneng.kernels.run.Devices;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.JvmExecutor;
import dev.wuneng.training.config.ConfigException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code wuneng bench compare}: ours and PyTorch in turn on one machine, and ratios. See {@code bench/README.md}. The marks are those for processors. */
@Command(name = "compare", description = "Measures what is worth measuring against PyTorch, or against what the machine can do, and prints ratios.")
final class BenchCompareCommand implements Callable<Integer> {
    private static final double HYBRID_OVER_DENSE = 1.35;
    private static final long COPIED = 256L << 20;

    @Mixin
    private DeviceOption device;

    @Option(names = "--peer-device", defaultValue = "cpu", description = "where PyTorch computes: cpu, which is the default, or cuda")
    private String peerDevice;

    @Option(names = "--config", paramLabel = "FILE", description = "the model of the training steps; bench/nano.json where none is given")
    private Path file;

    @Option(names = "--python", defaultValue = "python3", description = "a Python that has PyTorch; the default is python3")
    private String python;

    @Option(names = "--only", defaultValue = "", paramLabel = "TEXT", description = "only the rows whose name contains this: --only attention")
    private String only;

    @Option(names = "--threads", defaultValue = "0", description = "threads of both; 0, the default, is all processors")
    private int threads;

    @Option(names = "--seconds", defaultValue = "2", description = "how long each row is measured in each round, on each side; the default is 2")
    private double seconds;

    @Option(names = "--rounds", defaultValue = "3", description = "how often ours and the peer take turns; the default is 3")
    private int rounds;

    @Option(names = "--json", description = "prints the result as JSON in the last line")
    private boolean json;

    private final JsonArray rows = new JsonArray();
    private boolean onJvm;
    private final Map<String, Double> medians = new HashMap<>();
    private Peer peer;
    private Work.Limits limits;

    @Override
    public Integer call() {
        if (rounds < 1 || !(seconds > 0) || threads < 0) {
            throw new ConfigException("--rounds and --seconds must be more than 0, and --threads 0 or more");
        }
        Path bench = Path.of(System.getProperty("wuneng.home", ""), "bench");
        int used = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
        ModelShape trained = ModelShape.read(file == null ? bench.resolve("nano.json") : file, List.of());
        ModelShape generating = ModelShape.read(bench.resolve("qwen2.5-0.5b.json"), List.of("state_heads=false"));
        List<Work> works = Works.all(trained, generating).stream().filter(work -> work.name().contains(only)).toList();
        String missing = null;
        try (Executor executor = device.open(Devices.JVM, used)) {
            onJvm = executor instanceof JvmExecutor;
            try {
                peer = new Peer(python, bench.resolve("peer_torch.py"), used, peerDevice);
                System.out.println("Peer: PyTorch " + peer.version() + " on " + peerDevice + ", " + used + (used == 1 ? " thread" : " threads"));
            } catch (Peer.Missing e) {
                missing = e.getMessage();
            }
            for (Work work : works) {
                missing = compare(work, executor, missing, used);
            }
            if (medians.containsKey("dense") && medians.containsKey("hybrid")) {
                double ratio = medians.get("hybrid") / medians.get("dense");
                print("hybrid ÷ dense", ratio, ratio <= HYBRID_OVER_DENSE, "at most " + HYBRID_OVER_DENSE);
            }
        } finally {
            if (peer != null) {
                peer.close();
            }
        }
        if (missing != null) {
            System.out.println("Without the peer, for " + missing);
        }
        if (json) {
            JsonObject result = new JsonObject();
            result.add("rows", rows);
            result.addProperty("threads", used);
            result.addProperty("peer", peer == null ? null : peer.version());
            System.out.println(result);
        }
        return 0;
    }

    /** Measures a row in turns, prints it, and gives what is missing of the peer from now on. */
    private String compare(Work work, Executor executor, String missing, int used) {
        List<Double> ours = new ArrayList<>();
        List<Double> theirs = new ArrayList<>();
        if (work.limit() != null && limits == null) {
            limits = limits(executor, used);
        }
        Runnable run = work.ours().apply(executor);
        // The JVM compiles a training step for some seconds; what that costs is a row of `bench train`.
        measure(run, 2 * seconds);
        for (int round = 0; round < rounds; round++) {
            ours.add(measure(run, seconds));
            if (work.peer() != null && missing == null) {
                try {
                    theirs.add(peer.measure(work.peer(), seconds));
                } catch (Peer.Missing e) {
                    missing = e.getMessage();
                }
            } else if (work.limit() != null) {
                theirs.add(work.limit().applyAsDouble(limits));
            }
        }
        print(work, Spread.of(ours), theirs.isEmpty() ? null : Spread.of(theirs));
        return missing;
    }

    private void print(Work work, Spread ours, Spread theirs) {
        medians.put(work.name(), ours.median());
        JsonObject row = new JsonObject();
        row.addProperty("name", work.name());
        row.addProperty("mark", work.mark());
        row.add("seconds", ours.json());
        String text = "%-42s %10.3f ms".formatted(work.name(), 1000 * ours.median());
        if (theirs != null) {
            double ratio = theirs.median() / ours.median();
            row.add(work.limit() == null ? "peer_seconds" : "limit_seconds", theirs.json());
            row.addProperty("ratio", ratio);
            row.addProperty("met", ratio >= work.mark());
            text += "   %s %10.3f ms   ratio %6.2f".formatted(work.limit() == null ? "peer " : "limit", 1000 * theirs.median(), ratio)
                    + verdict("%.2f".formatted(work.mark()), ratio >= work.mark());
        }
        System.out.println(text);
        rows.add(row);
    }

    private void print(String name, double ratio, boolean met, String mark) {
        System.out.println("%-42s ratio %.2f".formatted(name, ratio) + verdict(mark, met));
        JsonObject row = new JsonObject();
        row.addProperty("name", name);
        row.addProperty("mark", HYBRID_OVER_DENSE);
        row.addProperty("ratio", ratio);
        row.addProperty("met", met);
        rows.add(row);
    }

    private String verdict(String mark, boolean met) {
        return onJvm ? ", mark " + mark + (met ? " met" : " missed") : "";
    }

    /** The median of the seconds of a run. */
    private static double measure(Runnable run, double seconds) {
        return Spread.ofSeconds(run, seconds).median();
    }

    /** What this machine does here and now: our best matrix product, and a copy by as many threads, or on a device the sum of two arrays. */
    private Work.Limits limits(Executor executor, int used) {
        int n = 1024;
        Runnable product = Works.linear("forward", n, n, n, executor);
        measure(product, seconds / 2);
        double flops = 2.0 * n * n * n / measure(product, seconds);
        double bytes = onJvm ? copied(used) : 3.0 * COPIED / measure(Works.sum(COPIED / Float.BYTES, executor), seconds);
        System.out.println("This machine: %.0f GFLOP/s, %.1f GB/s".formatted(flops / 1e9, bytes / 1e9));
        return new Work.Limits(flops, bytes);
    }

    /** Bytes a second, read and written. */
    private double copied(int used) {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment from = arena.allocate(COPIED);
            MemorySegment to = arena.allocate(COPIED);
            return 2.0 * COPIED / measure(() -> copy(from, to, used), seconds);
        }
    }

    private static void copy(MemorySegment from, MemorySegment to, int threads) {
        long part = COPIED / threads;
        List<Thread> running = IntStream.range(0, threads).mapToObj(i -> Thread.ofPlatform().start(
                () -> MemorySegment.copy(from, i * part, to, i * part, part))).toList();
        try {
            for (Thread thread : running) {
                thread.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
