package dev.wuneng.kernels.check;

import dev.wuneng.kernels.check.OpCase.Tensor;
import dev.wuneng.kernels.check.OpCase.Tensor.Role;
import dev.wuneng.kernels.check.OpCase.Values;
import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.Program;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.Predicate;

/**
 * Runs a case on an executor and says how far it is from float64. Outputs, gradients and scratch hold NaN first, guard words stand around
 * every tensor, inputs must stay as they were, and a second run must give the same bits.
 */
public final class OpCheck {
    /** One compared tensor; {@code problem} is null where there is nothing to say beside the error. */
    public record Result(String tensor, double error, double tolerance, String problem) {
        public boolean passed() {
            return problem == null && error <= tolerance;
        }
    }

    /** Elements of an input whose gradient is compared; of larger inputs a seeded sample. */
    private static final int DIFFERENCES = 160;
    private static final double STEP = 1e-4;
    private static final float GUARD_WORD = 12345.675f;
    private static final float POISON = Float.NaN;

    private final OpCase of;
    private final Executor executor;
    private final Trace trace;
    private final Random random;
    private final Values values;
    private final double[][] upstream;
    private final List<Result> results = new ArrayList<>();
    private final Program forward;
    private final Program backward;

    private OpCheck(OpCase of, Executor executor, long seed, Trace trace) {
        this.of = of;
        this.executor = executor;
        this.trace = trace;
        this.random = new Random(seed);
        this.values = new Values(of);
        this.upstream = new double[of.tensors.size()][];
        this.forward = new Program(of.name + ".forward", of.forward);
        this.backward = new Program(of.name + ".backward", of.backward);
    }

    /** Runs forward and backward and compares every output and gradient. */
    public static List<Result> run(OpCase of, Executor executor, long seed) {
        return run(of, executor, seed, Trace.NONE);
    }

    static List<Result> run(OpCase of, Executor executor, long seed, Trace trace) {
        return new OpCheck(of, executor, seed, trace).run();
    }

    private List<Result> run() {
        of.tensors.forEach(this::fill);
        fillGradients();
        of.reference.accept(values);
        executor.prepare(List.of(forward, backward));
        executor.run(forward, 0);
        for (Tensor tensor : of.tensors) {
            checkGuards(tensor.buffer, tensor.name);
            if (tensor.role == Role.OUTPUT || tensor.role == Role.UPDATED) {
                compare(tensor.name, read(tensor.buffer, tensor.size), values.out(tensor), Tolerance.FORWARD);
            }
        }
        checkRepeats(forward, t -> t.buffer, t -> t.role == Role.OUTPUT || t.role == Role.UPDATED, t -> t.role == Role.UPDATED,
                t -> values.in(of.tensors.get(t)));
        if (!of.backward.isEmpty()) {
            backward();
        }
        checkInputs();
        return results;
    }

    /** Runs forward and backward and gives everything they wrote, in the order of the tensors: contents, then gradients. */
    static List<double[]> outcome(OpCase of, Executor executor, long seed) {
        OpCheck check = new OpCheck(of, executor, seed, Trace.NONE);
        of.tensors.forEach(check::fill);
        check.fillGradients();
        executor.prepare(List.of(check.forward, check.backward));
        executor.run(check.forward, 0);
        if (!of.backward.isEmpty()) {
            executor.run(check.backward, 0);
        }
        List<double[]> outcome = new ArrayList<>();
        for (Tensor tensor : of.tensors) {
            if (tensor.ints == null && tensor.role != Role.SCRATCH) {
                outcome.add(check.read(tensor.buffer, tensor.size));
                outcome.add(check.read(tensor.gradient, tensor.size));
            }
        }
        return outcome;
    }

    /** Draws the gradients of the outputs, and values that gradients are added to; the others must be written. */
    private void fillGradients() {
        for (int i = 0; i < upstream.length; i++) {
            Tensor tensor = of.tensors.get(i);
            double[] gradient = new double[tensor.size];
            if (tensor.role == Role.OUTPUT && tensor.differentiable || tensor.gradientAccumulates) {
                Arrays.setAll(gradient, j -> (float) random.nextGaussian());
            } else {
                Arrays.fill(gradient, POISON);
            }
            upstream[i] = gradient;
            if (!of.backward.isEmpty()) {
                write(tensor.gradient, gradient);
            }
        }
    }

    private void backward() {
        executor.run(backward, 0);
        for (int i = 0; i < upstream.length; i++) {
            Tensor tensor = of.tensors.get(i);
            checkGuards(tensor.gradient, "d " + tensor.name);
            if (tensor.role == Role.INPUT && tensor.differentiable) {
                compareGradient(i);
            }
        }
        checkRepeats(backward, t -> t.gradient, t -> t.role == Role.INPUT && t.differentiable, t -> t.gradientAccumulates, t -> upstream[t]);
    }

    private void compareGradient(int input) {
        Tensor tensor = of.tensors.get(input);
        double[] computed = read(tensor.gradient, tensor.size);
        int[] elements = tensor.size <= DIFFERENCES ? indices(tensor.size) : random.ints(DIFFERENCES, 0, tensor.size).toArray();
        double[] out = new double[elements.length];
        double[] expected = new double[elements.length];
        double[] x = values.before[input];
        for (int n = 0; n < elements.length; n++) {
            int e = elements[n];
            double at = x[e];
            x[e] = at + STEP;
            double above = objective();
            x[e] = at - STEP;
            double below = objective();
            x[e] = at;
            out[n] = computed[e];
            expected[n] = (above - below) / (2 * STEP) + (tensor.gradientAccumulates ? upstream[input][e] : 0);
        }
        for (double value : computed) {
            if (!Double.isFinite(value)) {
                results.add(new Result("d " + tensor.name, Double.POSITIVE_INFINITY, 0, "a cell was not written"));
                return;
            }
        }
        compare("d " + tensor.name, out, expected, Tolerance.GRADIENT);
    }

    /** Σ upstream · output, whose derivatives are the gradients. */
    private double objective() {
        Values shifted = new Values(of);
        System.arraycopy(values.before, 0, shifted.before, 0, shifted.before.length);
        of.reference.accept(shifted);
        double sum = 0;
        for (int i = 0; i < upstream.length; i++) {
            Tensor tensor = of.tensors.get(i);
            if (tensor.role == Role.OUTPUT && tensor.differentiable) {
                for (int j = 0; j < tensor.size; j++) {
                    sum += upstream[i][j] * shifted.after[i][j];
                }
            }
        }
        return sum;
    }

    private void fill(Tensor tensor) {
        if (tensor.ints != null) {
            for (int i = 0; i < tensor.buffer.size(); i++) {
                tensor.buffer.ints().set(i, Float.floatToRawIntBits(GUARD_WORD));
            }
            for (int i = 0; i < tensor.size; i++) {
                tensor.buffer.ints().set(OpCase.GUARD + i, tensor.ints[i]);
                values.in(tensor)[i] = tensor.ints[i];
            }
            executor.upload(tensor.buffer);
            trace.written(tensor.buffer);
            return;
        }
        double[] first = values.in(tensor);
        for (int i = 0; i < first.length; i++) {
            boolean filled = tensor.role == Role.INPUT || tensor.role == Role.UPDATED;
            first[i] = filled ? tensor.buffer.type().round((float) tensor.filling.of(i, random.nextGaussian())) : POISON;
        }
        write(tensor.buffer, first);
    }

    /**
     * Runs a program once more and compares the bits of what it computed; what it adds to, or changes in place, is set back before.
     *
     * @param start the first values of a tensor, by its number
     */
    private void checkRepeats(Program program, Function<Tensor, Buffer> buffer, Predicate<Tensor> computed, Predicate<Tensor> changed,
            IntFunction<double[]> start) {
        List<Tensor> tensors = of.tensors.stream().filter(computed).toList();
        List<double[]> once = tensors.stream().map(t -> read(buffer.apply(t), t.size)).toList();
        of.tensors.stream().filter(changed).forEach(t -> write(buffer.apply(t), start.apply(of.tensors.indexOf(t))));
        executor.run(program, 0);
        for (int i = 0; i < once.size(); i++) {
            if (!Arrays.equals(once.get(i), read(buffer.apply(tensors.get(i)), tensors.get(i).size))) {
                results.add(new Result(tensors.get(i).name, 0, 0, "a second run of " + program.name() + " gives other bits"));
            }
        }
    }

    private void checkInputs() {
        for (Tensor tensor : of.tensors) {
            if (tensor.role == Role.INPUT && tensor.ints == null
                    && !Arrays.equals(read(tensor.buffer, tensor.size), values.in(tensor))) {
                results.add(new Result(tensor.name, 0, 0, "an input was changed"));
            }
        }
    }

    private void checkGuards(Buffer buffer, String name) {
        executor.download(buffer);
        float guard = buffer.type().round(GUARD_WORD);
        for (int i = 0; i < OpCase.GUARD; i++) {
            int behind = buffer.size() - 1 - i;
            if (buffer.type() != Buffer.Type.INT
                    ? buffer.get(i) != guard || buffer.get(behind) != guard
                    : buffer.ints().get(i) != Float.floatToRawIntBits(GUARD_WORD)) {
                results.add(new Result(name, 0, 0, "a guard word was overwritten"));
                return;
            }
        }
    }

    private void compare(String name, double[] out, double[] reference, Tolerance tolerance) {
        trace.compared(name, out, reference);
        results.add(new Result(name, Tolerance.error(out, reference), tolerance.relative(), null));
    }

    private void write(Buffer buffer, double[] contents) {
        for (int i = 0; i < buffer.size(); i++) {
            int e = i - OpCase.GUARD;
            buffer.set(i, e >= 0 && e < contents.length ? (float) contents[e] : GUARD_WORD);
        }
        executor.upload(buffer);
        trace.written(buffer);
    }

    private double[] read(Buffer buffer, int size) {
        executor.download(buffer);
        double[] contents = new double[size];
        for (int i = 0; i < size; i++) {
            contents[i] = buffer.get(OpCase.GUARD + i);
        }
        return contents;
    }

    private static int[] indices(int size) {
        int[] indices = new int[size];
        Arrays.setAll(indices, i -> i);
        return indices;
    }
}
