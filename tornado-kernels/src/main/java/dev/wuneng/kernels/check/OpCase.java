package dev.wuneng.kernels.check;

import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;

/**
 * One operation at one shape: its tensors, what it computes in float64, and its launches. {@link OpCheck} runs it on an executor and
 * compares; gradients are compared with differences of the float64 reference, so no derivative is written twice.
 */
public final class OpCase {
    /** Words before and behind every tensor that no kernel may touch. */
    static final int GUARD = 32;

    /** What element {@code i} of an input is, made of a standard normal value. */
    public interface Filling {
        double of(int i, double normal);
    }

    /** A named tensor of a case: one buffer with guard words around it, and another for its gradient. */
    public static final class Tensor {
        enum Role { INPUT, OUTPUT, UPDATED, SCRATCH }

        final String name;
        final int size;
        final Role role;
        Buffer buffer;
        final Buffer gradient;
        final int[] ints;
        Filling filling = (i, x) -> x;
        boolean differentiable = true;
        boolean gradientAccumulates;

        private Tensor(String name, int size, Role role, int[] ints) {
            this.name = name;
            this.size = size;
            this.role = role;
            this.ints = ints;
            this.buffer = ints == null ? Buffer.floats(name, size + 2L * GUARD) : Buffer.ints(name, size + 2L * GUARD);
            this.gradient = Buffer.floats("d " + name, size + 2L * GUARD);
        }

        public View view() {
            return buffer.at(GUARD);
        }

        /** Where the backward launches find (of an output) or write (of an input) the gradient. */
        public View grad() {
            return gradient.at(GUARD);
        }

        /** Maps the standard normal values that inputs are filled with, to keep them in an operation's domain. */
        public Tensor filled(DoubleUnaryOperator shape) {
            return filled((i, x) -> shape.applyAsDouble(x));
        }

        /** The same, where it depends on the element's place what its domain is. */
        public Tensor filled(Filling filling) {
            this.filling = filling;
            return this;
        }

        /** Nothing is differentiated by this tensor, or its gradient is not taken. */
        public Tensor constant() {
            differentiable = false;
            return this;
        }

        /** Stored in another precision, before its view is taken; what is compared are the numbers as they are stored. */
        public Tensor stored(Buffer.Type type) {
            buffer = Buffer.of(name, type, size + 2L * GUARD);
            return this;
        }

        /** The backward launches add to this gradient instead of writing it. */
        public Tensor accumulates() {
            gradientAccumulates = true;
            return this;
        }
    }

    /** The values of a case in float64: inputs to read, outputs to fill. */
    public static final class Values {
        private final OpCase of;
        final double[][] before;
        final double[][] after;

        Values(OpCase of) {
            this.of = of;
            before = new double[of.tensors.size()][];
            after = new double[of.tensors.size()][];
            for (int i = 0; i < before.length; i++) {
                Tensor tensor = of.tensors.get(i);
                before[i] = new double[tensor.size];
                after[i] = new double[tensor.size];
            }
        }

        /** An input's values, or an updated tensor's first values. */
        public double[] in(Tensor tensor) {
            return before[of.tensors.indexOf(tensor)];
        }

        /** An output's values, all zero at first. */
        public double[] out(Tensor tensor) {
            return after[of.tensors.indexOf(tensor)];
        }
    }

    final String name;
    final String shape;
    final List<Tensor> tensors = new ArrayList<>();
    final List<Launch> forward = new ArrayList<>();
    final List<Launch> backward = new ArrayList<>();
    Consumer<Values> reference;

    public OpCase(String name, String shape) {
        this.name = name;
        this.shape = shape;
    }

    public String name() {
        return name;
    }

    public String shape() {
        return shape;
    }

    /** An input, filled with seeded standard normal values. */
    public Tensor input(String name, int size) {
        return add(new Tensor(name, size, Tensor.Role.INPUT, null));
    }

    /** An input of whole numbers. */
    public Tensor ints(String name, int... values) {
        return add(new Tensor(name, values.length, Tensor.Role.INPUT, values)).constant();
    }

    /** An output: NaN before the forward launches, compared with the reference after them. */
    public Tensor output(String name, int size) {
        return add(new Tensor(name, size, Tensor.Role.OUTPUT, null));
    }

    /** A tensor that the forward launches change in place: filled like an input, compared like an output, not differentiated. */
    public Tensor updated(String name, int size) {
        return add(new Tensor(name, size, Tensor.Role.UPDATED, null)).constant();
    }

    /** Memory for partial results: NaN before the launches, not compared. */
    public View scratch(String name, int size) {
        return add(new Tensor(name, size, Tensor.Role.SCRATCH, null)).constant().view();
    }

    private Tensor add(Tensor tensor) {
        tensors.add(tensor);
        return tensor;
    }

    /** Fills the outputs from the inputs in float64, by the formula and not by the kernel's way of computing it. */
    public OpCase reference(Consumer<Values> reference) {
        this.reference = reference;
        return this;
    }

    /** All launches, those forward first. */
    Stream<Launch> launches() {
        return Stream.concat(forward.stream(), backward.stream());
    }

    public OpCase forward(Launch... launches) {
        forward.addAll(List.of(launches));
        return this;
    }

    public OpCase backward(Launch... launches) {
        backward.addAll(List.of(launches));
        return this;
    }

    @Override
    public String toString() {
        return name + " " + shape;
    }
}
