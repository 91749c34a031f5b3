package dev.wuneng.model.parameter;

import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Buffer.Type;
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
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The parameters of a model in a few big buffers: those that train and decay first, those that train and do not decay next, the frozen ones
 * apart. Parameters of one kind are stacked over layers, so that a program reaches a layer's by its index, and the optimizer
 * runs over whole ranges. Only what trains has gradients. Frozen matrices may be stored in half precision, and a student's may be its
 * teacher's own. Nothing is allocated before somebody writes or reads a value.
 */
public final class Parameters {
    /** Bytes a buffer, below the 2 GiB that TornadoVM's API before 2.0 can allocate; a kind of parameter that is larger has one of its own. */
    private static final long BUFFER_LIMIT = 2_000_000_000;
    /** Elements that an array of Java or of TornadoVM can have: enough for Qwen2.5-7B, whose largest kind has 1.9 · 10⁹. */
    private static final long LARGEST_KIND = Integer.MAX_VALUE - 16;
    /** Regions begin at multiples of this, for the sake of vector loads. */
    private static final int ALIGNMENT = 16;

    /** A stretch of buffers that the optimizer updates alike; the two buffers have the same layout. */
    public record Range(Buffer parameters, Buffer gradients, int from, int count, boolean decays) {
    }

    /** @param shared whether it is another model's; {@code written} the dtype that keeps its values in a checkpoint */
    private record Region(ParameterSpec spec, Arena arena, int base, int stride, boolean shared, Dtype written) {
        MemorySegment in(Buffer buffer, int layer) {
            long first = base + (long) layer * stride;
            return buffer.segment().asSlice(buffer.type().bytes() * first, (long) buffer.type().bytes() * spec.size());
        }
    }

    /** Parameters that are stored and updated alike. */
    private record Kind(boolean trains, boolean decays, Type type) {
    }

    private static final class Arena {
        final Kind kind;
        long size;
        Buffer values;
        Buffer gradients;

        Arena(Kind kind) {
            this.kind = kind;
        }
    }

    private final ModelConfig config;
    private final Map<String, Region> regions = new LinkedHashMap<>();
    private final List<Arena> arenas = new ArrayList<>();

    /** Lays out all parameters of a model in float32, zero at first. */
    public Parameters(ModelConfig config, Trainable trainable) {
        this(config, trainable, Frozen.FLOAT32);
    }

    /** Lays out all parameters of a model, zero at first but for those that it shares. */
    public Parameters(ModelConfig config, Trainable trainable, Frozen frozen) {
        this.config = config;
        Map<Kind, Arena> open = new HashMap<>();
        for (ParameterSpec spec : ParameterSpec.of(config)) {
            boolean trains = trainable.matches(spec, config.numHiddenLayers());
            if (!trains && frozen.shares(spec)) {
                Region theirs = frozen.teacher().regions.get(spec.name());
                regions.put(spec.name(), new Region(spec, theirs.arena, theirs.base, theirs.stride, true, theirs.written));
                continue;
            }
            Dtype written = trains ? Dtype.F32 : frozen.dtype(spec);
            int stride = Math.addExact(spec.size(), ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
            long size = (long) stride * layers(spec);
            if (size > LARGEST_KIND) {
                throw new ModelException("%s has %,d elements in all layers together, and a kind of parameter is kept in one array of at most %,d: take a smaller model"
                        .formatted(spec.name(), size, LARGEST_KIND));
            }
            Kind kind = new Kind(trains, trains && spec.decays(), spec.isFrameMatrix() ? written.stored() : Type.F32);
            Arena arena = open.get(kind);
            if (arena == null || (arena.size + size) * kind.type.bytes() > BUFFER_LIMIT) {
                arena = new Arena(kind);
                arenas.add(arena);
                open.put(kind, arena);
            }
            regions.put(spec.name(), new Region(spec, arena, Math.toIntExact(arena.size), spec.perLayer() ? stride : 0, false, written));
            arena.size += size;
        }
        for (Arena arena : arenas) {
            String kind = arena.kind.trains ? arena.kind.decays ? "matrices" : "vectors" : "frozen";
            arena.values = Buffer.of("parameters." + kind, arena.kind.type, arena.size);
            arena.gradients = arena.kind.trains ? Buffer.floats("gradients." + kind, arena.size) : null;
        }
    }

    private int layers(ParameterSpec spec) {
        return spec.perLayer() ? config.numHiddenLayers() : 1;
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
        return region(name).arena.kind.trains;
    }

    boolean hasFrozen(ParameterSpec spec) {
        Region region = regions.get(spec.name());
        return region != null && !region.arena.kind.trains && Arrays.equals(region.spec.shape(), spec.shape());
    }

    /** Where the gradient of a parameter that trains stands. */
    public View gradient(String name) {
        Region region = region(name);
        if (!region.arena.kind.trains) {
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
        return arenas.stream().filter(a -> a.kind.trains)
                .map(a -> new Range(a.values, a.gradients, 0, Math.toIntExact(a.size), a.kind.decays)).toList();
    }

    /** The buffers with the values, a teacher's among them where some are shared. */
    public List<Buffer> buffers() {
        return regions.values().stream().map(r -> r.arena.values).distinct().toList();
    }

    /** The number of parameters; with {@code additions}, only of those that a teacher does not have. */
    public long count(boolean additions) {
        return count(regions.values().stream().filter(r -> r.spec.addition() || !additions));
    }

    /** The number of parameters that train. */
    public long trainableCount() {
        return count(regions.values().stream().filter(r -> r.arena.kind.trains));
    }

    private long count(Stream<Region> some) {
        return some.mapToLong(r -> (long) r.spec.size() * layers(r.spec)).sum();
    }

    /** Names of all parameters in the order of a checkpoint. */
    public List<String> names() {
        return regions.values().stream().flatMap(r -> IntStream.range(0, layers(r.spec)).mapToObj(r.spec::name)).toList();
    }

    /** Visits every parameter by its name in a checkpoint, with its values as float32: where they are stored so the memory itself, else a copy. */
    public void forEach(BiConsumer<String, MemorySegment> visitor) {
        for (Region region : regions.values()) {
            for (int l = 0; l < layers(region.spec); l++) {
                visitor.accept(region.spec.name(l), floats(region, l));
            }
        }
    }

    private static MemorySegment floats(Region region, int layer) {
        Buffer buffer = region.arena.values;
        MemorySegment stored = region.in(buffer, layer);
        if (buffer.type() == Type.F32) {
            return stored;
        }
        MemorySegment floats = MemorySegment.ofArray(new float[region.spec.size()]);
        buffer.type().widen(stored, floats);
        return floats;
    }

    /** Visits the gradient of every parameter that trains. */
    public void forEachGradient(BiConsumer<String, MemorySegment> visitor) {
        for (Region region : regions.values()) {
            for (int l = 0; region.arena.kind.trains && l < layers(region.spec); l++) {
                visitor.accept(region.spec.name(l), region.in(region.arena.gradients, l));
            }
        }
    }

    /** The values of one kind of parameter in one layer (0 where it has no layers), to be written; only of those that are stored in float32. */
    public MemorySegment values(ParameterSpec spec, int layer) {
        Region region = region(spec.name());
        if (region.shared || region.arena.kind.type != Type.F32) {
            throw new IllegalArgumentException(spec.name() + " is frozen, and " + (region.shared ? "the teacher's" : "stored in half precision"));
        }
        return region.in(region.arena.values, layer);
    }

    /**
     * Takes values from a checkpoint whose tensor names begin with {@code prefix}; what is shared has its values.
     *
     * @param additions whether what a student adds must be there too; without it those keep their values
     */
    public void load(TensorSource checkpoint, String prefix, boolean additions) {
        for (Region region : regions.values()) {
            if (region.spec.addition() && !additions || region.shared) {
                continue;
            }
            for (int l = 0; l < layers(region.spec); l++) {
                Tensor tensor = checkpoint.get(prefix + region.spec.name(l));
                region.spec.requireShape(tensor);
                tensor.copyTo(region.in(region.arena.values, l), region.arena.kind.type);
            }
        }
    }

    /** The dtype that keeps all values as they are: float32, unless everything is frozen and came in one that is smaller. */
    public Dtype dtype() {
        List<Dtype> all = regions.values().stream().map(Region::written).distinct().toList();
        return all.size() == 1 ? all.getFirst() : Dtype.F32;
    }

    /**
     * Every parameter as a tensor to be written.
     *
     * @param dtype of all; null to write what is frozen as it came, and what trains in float32
     */
    public List<OutgoingTensor> outgoing(Dtype dtype) {
        List<OutgoingTensor> tensors = new ArrayList<>();
        for (Region region : regions.values()) {
            for (int l = 0; l < layers(region.spec); l++) {
                tensors.add(OutgoingTensor.of(region.spec.name(l), region.spec.shape(), region.in(region.arena.values, l), region.arena.kind.type,
                        dtype == null ? region.written : dtype));
            }
        }
        return tensors;
    }

    /** Copies what both models have, a teacher's weights into its student; what is shared is there. */
    public void copyFrom(Parameters other) {
        for (Region region : regions.values()) {
            Region theirs = other.regions.get(region.spec.name());
            for (int l = 0; theirs != null && !region.shared && l < layers(region.spec); l++) {
                MemorySegment to = values(region.spec, l);
                MemorySegment from = theirs.in(theirs.arena.values, l);
                if (theirs.arena.kind.type == Type.F32) {
                    to.copyFrom(from);
                } else {
                    theirs.arena.kind.type.widen(from, to);
                }
            }
        }
    }
}
