package dev.wuneng.cli.bench;

import com.google.gson.JsonObject;
import dev.wuneng.kernels.run.Executor;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * A row of {@code wuneng bench compare}: something to do, and what its time is held against.
 *
 * @param mark the ratio asked for
 * @param ours makes the work ready and gives one run of it
 * @param peer the same for {@code bench/peer_torch.py}, or null
 * @param limit the least seconds that the machine could need, or null
 */
record Work(String name, double mark, Function<Executor, Runnable> ours, JsonObject peer, ToDoubleFunction<Limits> limit) {
    /** What the machine does at most, measured: floating-point operations and bytes a second. */
    record Limits(double flops, double bytes) {
        double seconds(double flops, double bytes) {
            return Math.max(flops / this.flops, bytes / this.bytes);
        }
    }

    static Work againstPeer(String name, double mark, Function<Executor, Runnable> ours, JsonObject peer) {
        return new Work(name, mark, ours, peer, null);
    }

    static Work againstLimit(String name, double mark, Function<Executor, Runnable> ours, double flops, double bytes) {
        return new Work(name, mark, ours, null, limits -> limits.seconds(flops, bytes));
    }
}
