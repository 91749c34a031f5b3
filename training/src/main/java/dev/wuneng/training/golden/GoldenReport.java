package dev.wuneng.training.golden;

import dev.wuneng.kernels.check.Tolerance;
import dev.wuneng.kernels.run.View;
import dev.wuneng.model.checkpoint.Safetensors;
import dev.wuneng.model.checkpoint.Tensor;
import dev.wuneng.model.parameter.Parameters;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** What comparing one golden file found. */
public final class GoldenReport {
    /** The worst of a group of tensors; {@code tensor} is the one with that error. */
    public record Line(String group, int tensors, String tensor, double error, double tolerance) {
        public boolean passed() {
            return error <= tolerance;
        }
    }

    private final Safetensors file;
    private final List<Line> lines = new ArrayList<>();

    GoldenReport(Safetensors file) {
        this.file = file;
    }

    public List<Line> lines() {
        return lines;
    }

    public boolean passed() {
        return !lines.isEmpty() && lines.stream().allMatch(Line::passed);
    }

    /** Compares one value. */
    void scalar(String name, double value) {
        add(name, 1, name, Tolerance.error(new double[] {value}, new double[] {file.get(name).doubles()[0]}), Tolerance.FORWARD);
    }

    /** Compares what stands in a buffer, on the host, from a view's element for {@code index} on. */
    void tensor(String name, View view, int index, Tolerance tolerance) {
        Tensor reference = file.get(name);
        double[] values = new double[Math.toIntExact(reference.size())];
        int first = view.offset(index);
        for (int i = 0; i < values.length; i++) {
            values[i] = view.floats().get(first + i);
        }
        add(name, 1, name, Tolerance.error(values, reference.doubles()), tolerance);
    }

    /** Compares every gradient of a model; there must be one in the file for every parameter that trains. */
    void gradients(Parameters parameters) {
        double[] worst = {0};
        String[] of = {"none"};
        int[] count = {0};
        parameters.forEachGradient((name, segment) -> {
            double error = Tolerance.error(doubles(segment), file.get("grad." + name).doubles());
            count[0]++;
            if (count[0] == 1 || error > worst[0]) {
                worst[0] = error;
                of[0] = name;
            }
        });
        long expected = file.tensors().stream().filter(t -> t.name().startsWith("grad.")).count();
        if (count[0] != expected) {
            add("gradients", count[0], "the file has " + expected + " of them", Double.POSITIVE_INFINITY, Tolerance.GRADIENT);
        } else {
            add("gradients", count[0], of[0], worst[0], Tolerance.GRADIENT);
        }
    }

    void add(String group, int tensors, String tensor, double error, Tolerance tolerance) {
        lines.add(new Line(group, tensors, tensor, error, tolerance.relative()));
    }

    private static double[] doubles(MemorySegment floats) {
        double[] values = new double[(int) (floats.byteSize() / 4)];
        for (int i = 0; i < values.length; i++) {
            values[i] = floats.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i);
        }
        return values;
    }
}
