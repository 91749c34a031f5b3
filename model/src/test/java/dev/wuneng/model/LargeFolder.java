package dev.wuneng.model;

import com.google.gson.JsonParser;
import dev.wuneng.model.checkpoint.Dtype;
import dev.wuneng.model.checkpoint.ModelWriter;
import dev.wuneng.model.checkpoint.OutgoingTensor;
import dev.wuneng.model.parameter.ParameterSpec;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.model.parameter.Trainable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Measures what loading a large model takes beside its parameters: {@code LargeFolder write DIR GIBIBYTES} makes a BF16 folder of shards of
 * 1 GB; {@code LargeFolder load DIR}, in a JVM of its own with a small heap and {@code -XX:MaxDirectMemorySize} above the parameters, loads
 * it and prints the process's peak memory (Linux). By hand; not in the suite.
 */
final class LargeFolder {
    private static final int HIDDEN = 1024;

    private LargeFolder() {
    }

    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[1]);
        if (args[0].equals("write")) {
            write(folder, Integer.parseInt(args[2]));
        } else {
            load(folder);
        }
    }

    private static void write(Path folder, int gibibytes) throws IOException {
        // 10.5 million parameters a layer, 21 MB in BF16: many small layers, since all layers' matrices of a kind share a buffer.
        ModelConfig config = ModelConfig.of(JsonParser.parseString("{\"vocab_size\": 32000, \"hidden_size\": " + HIDDEN + ", \"num_attention_heads\": 8,"
                + "\"intermediate_size\": 2048, \"num_hidden_layers\": " + 51 * gibibytes + ", \"tie_word_embeddings\": true}").getAsJsonObject());
        Files.createDirectories(folder);
        config.write(folder.resolve(Checkpoint.CONFIG), Dtype.BF16);
        List<OutgoingTensor> tensors = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment floats = arena.allocate(4L * 32000 * HIDDEN);
            Random random = new Random(1);
            for (long i = 0; i < floats.byteSize() / 4; i++) {
                floats.setAtIndex(ValueLayout.JAVA_FLOAT, i, random.nextFloat() - 0.5f);
            }
            for (ParameterSpec spec : ParameterSpec.of(config)) {
                for (int l = 0; l < (spec.perLayer() ? config.numHiddenLayers() : 1); l++) {
                    tensors.add(OutgoingTensor.of(spec.name(l), spec.shape(), floats.asSlice(0, 4L * spec.size()), Dtype.BF16));
                }
            }
            ModelWriter.write(folder, tensors, 1_000_000_000);
        }
        System.out.printf("%.2f GB in %s%n", tensors.stream().mapToLong(OutgoingTensor::bytes).sum() / 1e9, folder);
    }

    private static void load(Path folder) throws IOException {
        Checkpoint checkpoint = Checkpoint.open(folder);
        long before = System.nanoTime();
        Parameters parameters = checkpoint.load(Trainable.NONE);
        double seconds = (System.nanoTime() - before) / 1e9;
        long bytes = parameters.buffers().stream().mapToLong(b -> b.bytes()).sum();
        long peak = Files.readAllLines(Path.of("/proc/self/status")).stream().filter(l -> l.startsWith("VmHWM"))
                .mapToLong(l -> 1024 * Long.parseLong(l.replaceAll("\\D", ""))).findFirst().orElseThrow();
        System.out.printf("%.2f GB of parameters in %.1f s; peak memory of the process %.2f GB, %.0f MB beside the parameters%n",
                bytes / 1e9, seconds, peak / 1e9, (peak - bytes) / 1e6);
    }
}
