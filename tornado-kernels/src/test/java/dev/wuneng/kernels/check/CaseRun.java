package dev.wuneng.kernels.check;

import dev.wuneng.kernels.check.OpCase.Tensor;
import dev.wuneng.kernels.check.OpCase.Tensor.Role;
import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.Program;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/** Runs a case once, forward and backward, and keeps what it computed, to compare one executor with another. */
final class CaseRun {
    private CaseRun() {
    }

    static Map<String, float[]> of(OpCase of, Executor executor, long seed) {
        Random random = new Random(seed);
        for (Tensor tensor : of.tensors) {
            fill(tensor, random);
        }
        executor.run(new Program(of.name(), of.forward), 0);
        executor.run(new Program(of.name(), of.backward), 0);
        Map<String, float[]> computed = new LinkedHashMap<>();
        for (Tensor tensor : of.tensors) {
            if (tensor.role == Role.OUTPUT || tensor.role == Role.UPDATED) {
                computed.put(tensor.name, read(tensor.buffer, tensor.size));
            }
            if (tensor.role == Role.INPUT && tensor.differentiable && !of.backward.isEmpty()) {
                computed.put("d " + tensor.name, read(tensor.gradient, tensor.size));
            }
        }
        return computed;
    }

    private static void fill(Tensor tensor, Random random) {
        for (int i = 0; i < tensor.size; i++) {
            if (tensor.ints != null) {
                tensor.buffer.ints().set(OpCase.GUARD + i, tensor.ints[i]);
            } else {
                tensor.buffer.floats().set(OpCase.GUARD + i, (float) tensor.shape.applyAsDouble(random.nextGaussian()));
            }
            tensor.gradient.floats().set(OpCase.GUARD + i, (float) random.nextGaussian());
        }
    }

    private static float[] read(Buffer buffer, int size) {
        float[] contents = new float[size];
        for (int i = 0; i < size; i++) {
            contents[i] = buffer.floats().get(OpCase.GUARD + i);
        }
        return contents;
    }
}
