package dev.wuneng.model.parameter;

import dev.wuneng.model.ModelConfig;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import java.util.function.IntToDoubleFunction;

/**
 * Fills parameters as a model starts, from a seed alone: the frame as Qwen2 starts it (normal with deviation 0.02, norms one, biases zero), the
 * additions as the spec's "Starting a student from a teacher" gives them after RWKV-7's own start (BlinkDL, x070).
 *
 * <p>Every parameter draws from a stream of its own, seeded by its name, so that one model's additions do not depend on which others it has.
 */
public final class Initialization {
    private final Parameters parameters;
    private final ModelConfig config;
    private final long seed;

    private Initialization(Parameters parameters, long seed) {
        this.parameters = parameters;
        this.config = parameters.config();
        this.seed = seed;
    }

    /** Fills every parameter. */
    public static void all(Parameters parameters, long seed) {
        Initialization init = new Initialization(parameters, seed);
        ParameterSpec.of(parameters.config()).forEach(init::fill);
    }

    /** Fills what a student adds and leaves the rest, which comes from its teacher. */
    public static void additions(Parameters parameters, long seed) {
        Initialization init = new Initialization(parameters, seed);
        ParameterSpec.of(parameters.config()).stream().filter(ParameterSpec::addition).forEach(init::fill);
    }

    private void fill(ParameterSpec spec) {
        for (int l = 0; l < (spec.perLayer() ? config.numHiddenLayers() : 1); l++) {
            SplittableRandom random = new SplittableRandom(seed * 31 + spec.name(l).hashCode());
            MemorySegment values = parameters.values(spec, l);
            String kind = spec.name().substring(spec.name().indexOf("self_attn.") + "self_attn.".length());
            if (!spec.addition()) {
                frame(spec, values, random);
            } else if (kind.startsWith("state.")) {
                state(kind.substring("state.".length()), spec, l, values, random);
            } else {
                middle(kind, values, random);
            }
        }
    }

    private static void frame(ParameterSpec spec, MemorySegment values, SplittableRandom random) {
        if (spec.name().endsWith("norm.weight")) {
            set(values, i -> 1);
        } else if (spec.shape().length > 1) {
            set(values, i -> 0.02 * random.nextGaussian());
        } else {
            set(values, i -> 0);
        }
    }

    private void state(String kind, ParameterSpec spec, int layer, MemorySegment values, SplittableRandom random) {
        int layers = config.numHiddenLayers();
        int size = spec.size();
        int n = config.headDim();
        double depth = 1 - (double) layer / layers;
        double rho = layers == 1 ? 0 : (double) layer / (layers - 1);
        switch (kind) {
            case "x_r" -> set(values, i -> 1 - Math.pow(u(i, size), 0.2 * depth));
            case "x_w", "x_a" -> set(values, i -> 1 - Math.pow(u(i, size), 0.9 * depth));
            case "x_k", "x_v" -> set(values, i -> 1 - Math.pow(u(i, size), 0.7 * depth));
            case "w0" -> set(values, i -> -6 + 6 * Math.pow((double) i / Math.max(1, size - 1), 1 + Math.pow(rho, 0.3)) + 0.5 + 2.5 * zigzag(i, n));
            case "a0" -> set(values, i -> -0.19 + 0.3 * zigzag(i, n) + 0.4 * (u(i, size) - 0.5));
            case "w1", "a1", "ln_x.bias", "query.scale", "out_scale" -> set(values, i -> 0);
            case "w2", "a2" -> orthogonal(values, spec.shape()[0], spec.shape()[1], 0.1, random);
            case "k_k" -> set(values, i -> 0.71 - 0.1 * (u(i, size) - 0.5));
            case "k_a" -> set(values, i -> 1.02);
            case "r_k" -> set(values, i -> -0.04);
            case "ln_x.weight" -> set(values, i -> Math.pow((1.0 + layer) / layers, 0.7));
            case "key.weight" -> set(values, i -> i / n % n == i % n ? 1 : 0);
            case "query.weight" -> set(values, i -> random.nextGaussian() / Math.sqrt(n));
            case "out_norm.weight" -> set(values, i -> 1);
            default -> throw new IllegalStateException("no start is defined for " + spec.name());
        }
    }

    private void middle(String kind, MemorySegment values, SplittableRandom random) {
        int n = config.headDim();
        switch (kind) {
            case "middle.gate.weight" -> set(values, i -> 0.01 * random.nextGaussian());
            case "middle.gate.bias", "middle.beta" -> set(values, i -> 0);
            case "middle.alpha" -> set(values, i -> 0.1);
            // As the weighted choice would act with beta 0: half attention, half state-derived key.
            case "middle.proj.weight" -> set(values, i -> i / (2 * n) % n == i % (2 * n) % n ? 0.5 : 0);
            // As the additive combine would act: nothing of A alone, M and the scaled R̂ as they are.
            case "combine.weight" -> set(values, i -> i % (3 * n) >= n && i / (3 * n) % n == i % (3 * n) % n ? 1 : 0);
            default -> throw new IllegalStateException("no start is defined for " + kind);
        }
    }

    private static double u(int i, int size) {
        return (double) i / size;
    }

    /** z·|z| with z running from −1 to 1 over a head's channels. */
    private static double zigzag(int i, int n) {
        double z = n == 1 ? 0 : 2.0 * (i % n) / (n - 1) - 1;
        return z * Math.abs(z);
    }

    /** Rows (or columns, where there are fewer) orthonormal by Gram–Schmidt on normal values, times {@code scale}. */
    private static void orthogonal(MemorySegment values, int rows, int columns, double scale, SplittableRandom random) {
        int count = Math.min(rows, columns);
        int length = Math.max(rows, columns);
        double[][] basis = new double[count][length];
        for (int b = 0; b < count; b++) {
            for (int j = 0; j < length; j++) {
                basis[b][j] = random.nextGaussian();
            }
            // Twice, since one pass leaves rounding errors that grow with the number of vectors.
            for (int pass = 0; pass < 2; pass++) {
                for (int other = 0; other < b; other++) {
                    double dot = dot(basis[b], basis[other]);
                    for (int j = 0; j < length; j++) {
                        basis[b][j] -= dot * basis[other][j];
                    }
                }
            }
            double norm = Math.sqrt(dot(basis[b], basis[b]));
            for (int j = 0; j < length; j++) {
                basis[b][j] /= norm;
            }
        }
        set(values, i -> scale * (rows <= columns ? basis[i / columns][i % columns] : basis[i % columns][i / columns]));
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    private static void set(MemorySegment values, IntToDoubleFunction value) {
        for (int i = 0; i < values.byteSize() / 4; i++) {
            values.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, (float) value.applyAsDouble(i));
        }
    }
}
