package dev.wuneng.model.parameter;

import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.View;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.ModelException;
import dev.wuneng.model.checkpoint.Dtype;
import dev.wuneng.model.checkpoint.OutgoingTensor;
import dev.wuneng.model.checkpoint.Tensor;
import dev.wuneng.model.checkpoint.TensorSource;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * The parameters of a model in a few big buffers: those that train and decay first, those that train and do not decay next, the frozen ones
 * apart. Parameters of one kind are stacked over layers, so that a program reaches a layer's by its index, and the optimizer
 * runs over whole ranges. Only what trains has gradients.
 */
public final class Parameters {
    /** Elements a buffer, so that it stays below 2 GiB, what TornadoVM's API before 2.0 can allocate. */
    private static final long BUFFER_LIMIT = 500_000_000;
    /** Regions begin at multiples of this, for the sake of vector loads. */
    private static final int ALIGNMENT = 16;

    /** A stretch of buffers that the optimizer updates alike; the two buffers have the same layout. */
    public record Range(Buffer parameters, Buffer gradients, int from, int count, boolean decays) {
    }

    private record Region(ParameterSpec spec, Arena arena, int base, int stride) {
    }

    private static final class Arena {
        final boolean trains;
        final boolean decays;
        long size;
        Buffer values;
        Buffer gradients;

        Arena(boolean trains, boolean decays) {
            this.trains = trains;
            this.decays = decays;
        }
    }

    private final ModelConfig config;
    private final Map<String, Region> regions = new LinkedHashMap<>();
    private final List<Arena> arenas = new ArrayList<>();

    /** Lays out all parameters of a model, zero at first. */
    public Parameters(ModelConfig config, Trainable trainable) {
        this.config = config;
        Map<String, Arena> open = new HashMap<>();
        for (ParameterSpec spec : ParameterSpec.of(config)) {
            boolean trains = trainable.matches(spec, config.numHiddenLayers());
            boolean decays = trains && spec.decays();
            int stride = Math.addExact(spec.size(), ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
            long size = (long) stride * (spec.perLayer() ? config.numHiddenLayers() : 1);
            String kind = trains + "/" + decays;
            Arena arena = open.get(kind);
            if (arena == null || arena.size + size > BUFFER_LIMIT) {
                arena = new Arena(trains, decays);
                arenas.add(arena);
                open.put(kind, arena);
            }
            regions.put(spec.name(), new Region(spec, arena, Math.toIntExact(arena.size), spec.perLayer() ? stride : 0));
            arena.size += size;
        }
        for (Arena arena : arenas) {
            String kind = arena.trains ? arena.decays ? "matrices" : "vectors" : "frozen";
            arena.values = Buffer.floats("parameters." + kind, arena.size);
            arena.gradients = arena.trains ? Buffer.floats("gradients." + kind, arena.size) : null;
        }
    }

    public ModelConfig config() {
        return config;
    }

    /** Where a parameter stands; of a kind that every layer has, where the layer's stands. */
    public View view(String name) {
        Region region = region(name);
        return new View(region.arena.values, region.base, region.stride);
    }

    public boolean trains(String name) {
        return region(name).arena.trains;
    }

    /** Where the gradient of a parameter that trains stands. */
    public View gradient(String name) {
        Region region = region(name);
        if (!region.arena.trains) {
            throw new IllegalArgumentException(name + " is frozen and has no gradient");
        }
        return new View(region.arena.gradients, region.base, region.stride);
    }

    private Region region(String name) {
        Region region = regions.get(name);
        if (region == null) {
            throw new IllegalArgumentException("the model has no parameter " + name);
        }
        return region;
    }

    /** What the optimizer updates. */
    public List<Range> ranges() {
        return arenas.stream().filter(a -> a.trains)
                .map(a -> new Range(a.values, a.gradients, 0, Math.toIntExact(a.size), a.decays)).toList();
    }

    /** The buffers with the values. */
    public List<Buffer> buffers() {
        return arenas.stream().map(a -> a.values).toList();
    }

    /** The number of parameters; with {@code additions}, only of those that a teacher does not have. */
    public long count(boolean additions) {
        return regions.values().stream().map(Region::spec).filter(s -> s.addition() || !additions)
                .mapToLong(s -> (long) s.size() * (s.perLayer() ? config.numHiddenLayers() : 1)).sum();
    }

    /** The number of parameters that train. */
    public long trainableCount() {
        return regions.values().stream().filter(r -> r.arena.trains)
                .mapToLong(r -> (long) r.spec.size() * (r.spec.perLayer() ? config.numHiddenLayers() : 1)).sum();
    }

    /** Names of all parameters in the order of a checkpoint. */
    public List<String> names() {
        List<String> names = new ArrayList<>();
        forEach((name, values) -> names.add(name));
        return names;
    }

    /** Visits every parameter by its name in a checkpoint, with its values in host memory. */
    public void forEach(BiConsumer<String, MemorySegment> visitor) {
        regions.values().forEach(r -> forEachLayer(r, r.arena.values, visitor));
    }

    /** Visits the gradient of every parameter that trains. */
    public void forEachGradient(BiConsumer<String, MemorySegment> visitor) {
        regions.values().stream().filter(r -> r.arena.trains).forEach(r -> forEachLayer(r, r.arena.gradients, visitor));
    }

    private void forEachLayer(Region region, Buffer buffer, BiConsumer<String, MemorySegment> visitor) {
        for (int l = 0; l < (region.spec.perLayer() ? config.numHiddenLayers() : 1); l++) {
            long first = region.base + (long) l * region.stride;
            visitor.accept(region.spec.name(l), buffer.floats().getSegment().asSlice(4 * first, 4L * region.spec.size()));
        }
    }

    /** The values of one kind of parameter in one layer (0 where it has no layers). */
    public MemorySegment values(ParameterSpec spec, int layer) {
        Region region = region(spec.name());
        return region.arena.values.floats().getSegment().asSlice(4L * (region.base + (long) layer * region.stride), 4L * spec.size());
    }

    /**
     * Takes values from a checkpoint whose tensor names begin with {@code prefix}.
     *
     * @param additions whether what a student adds must be there too; without it those keep their values
     */
    public void load(TensorSource checkpoint, String prefix, boolean additions) {
        for (Region region : regions.values()) {
            if (region.spec.addition() && !additions) {
                continue;
            }
            for (int l = 0; l < (region.spec.perLayer() ? config.numHiddenLayers() : 1); l++) {
                Tensor tensor = checkpoint.get(prefix + region.spec.name(l));
                if (!Arrays.equals(tensor.shape(), region.spec.shape())) {
                    throw new ModelException(tensor.file() + " holds " + tensor.name() + " with shape " + Arrays.toString(tensor.shape())
                            + ", and config.json asks for " + Arrays.toString(region.spec.shape()) + ": use the config.json that belongs to it");
                }
                tensor.copyTo(values(region.spec, l));
            }
        }
    }

    /** Every parameter as a tensor to be written. */
    public List<OutgoingTensor> outgoing(Dtype dtype) {
        List<OutgoingTensor> tensors = new ArrayList<>();
        for (Region region : regions.values()) {
            for (int l = 0; l < (region.spec.perLayer() ? config.numHiddenLayers() : 1); l++) {
                tensors.add(OutgoingTensor.of(region.spec.name(l), region.spec.shape(), values(region.spec, l), dtype));
            }
        }
        return tensors;
    }

    /** Copies what both models have: a teacher's weights into its student. */
    public void copyFrom(Parameters other) {
        for (Region region : regions.values()) {
            if (other.regions.containsKey(region.spec.name())) {
                for (int l = 0; l < (region.spec.perLayer() ? config.numHiddenLayers() : 1); l++) {
                    values(region.spec, l).copyFrom(other.values(region.spec, l));
                }
            }
        }
    }
}
