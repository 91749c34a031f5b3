package dev.wuneng.kernels.check;

import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.KernelException;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.View;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * One case alone, written down so that somebody without this program can follow it: the launches in order, every buffer as it was filled,
 * what the device computed, what float64 says, and the kernels as the device's compiler was given them.
 */
public final class Reproduction implements Trace {
    private record Comparison(String tensor, double[] computed, double[] expected) {
    }

    private final OpCase of;
    private final Map<Buffer, String> filled = new LinkedHashMap<>();
    private final List<Comparison> comparisons = new ArrayList<>();
    private List<OpCheck.Result> results = List.of();
    private String failure;

    private Reproduction(OpCase of) {
        this.of = of;
    }

    public static Reproduction run(OpCase of, Executor executor, long seed) {
        Reproduction reproduction = new Reproduction(of);
        try {
            reproduction.results = OpCheck.run(of, executor, seed, reproduction);
        } catch (KernelException e) {
            reproduction.failure = e.getMessage();
        }
        return reproduction;
    }

    @Override
    public void written(Buffer buffer) {
        filled.putIfAbsent(buffer, contents(buffer));
    }

    @Override
    public void compared(String tensor, double[] computed, double[] expected) {
        comparisons.add(new Comparison(tensor, computed.clone(), expected.clone()));
    }

    private static String contents(Buffer buffer) {
        IntStream indices = IntStream.range(0, buffer.size());
        return buffer.type() == Buffer.Type.INT ? indices.mapToObj(i -> Integer.toString(buffer.ints().get(i))).collect(Collectors.joining(", "))
                : indices.mapToObj(i -> number(buffer.get(i))).collect(Collectors.joining(", "));
    }

    private static String type(Buffer buffer) {
        return switch (buffer.type()) {
            case F32 -> "float32";
            case BF16 -> "bfloat16";
            case F16 -> "float16";
            case INT -> "int32";
        };
    }

    private static String number(float value) {
        return Float.isFinite(value) ? Float.toString(value) : Text.json(Float.toString(value));
    }

    public CaseReport report(String device) {
        return new CaseReport(device, of.name(), of.shape(), results, failure, 0);
    }

    /**
     * The file, as JSON. Views begin at the element {@code first} of their buffer.
     *
     * @param source the kernels' source as the driver got it, or an empty text
     */
    public String json(String device, long seed, String source) {
        String buffers = filled.entrySet().stream().map(b -> "    {\"name\": " + Text.json(b.getKey().name()) + ", \"type\": "
                + Text.json(type(b.getKey())) + ", \"filled\": [" + b.getValue() + "]}").collect(Collectors.joining(",\n"));
        String compared = comparisons.stream().map(c -> "    {\"tensor\": " + Text.json(c.tensor) + ", \"computed\": " + array(c.computed)
                + ", \"expected\": " + array(c.expected) + "}").collect(Collectors.joining(",\n"));
        return "{\n  \"case\": " + Text.json(of.toString()) + ",\n  \"device\": " + Text.json(device) + ",\n  \"seed\": " + seed
                + ",\n  \"passed\": " + report("").passed() + ",\n  \"problems\": " + Text.json(report("").problems())
                + ",\n  \"forward\": [\n" + launches(of.forward) + "\n  ],\n  \"backward\": [\n" + launches(of.backward)
                + "\n  ],\n  \"buffers\": [\n" + buffers + "\n  ],\n  \"compared\": [\n" + compared + "\n  ],\n  \"source\": " + Text.json(source) + "\n}\n";
    }

    private static String launches(List<Launch> launches) {
        return launches.stream().map(l -> "    {\"kernel\": " + Text.json(l.name()) + ", \"items\": " + l.items() + ", \"views\": ["
                + l.views().stream().map(Reproduction::view).collect(Collectors.joining(", ")) + "], \"scalars\": "
                + l.scalars() + "}").collect(Collectors.joining(",\n"));
    }

    private static String view(View view) {
        return "{\"buffer\": " + Text.json(view.buffer().name()) + ", \"first\": " + view.base() + "}";
    }

    private static String array(double[] values) {
        return DoubleStream.of(values).mapToObj(Text::json).collect(Collectors.joining(", ", "[", "]"));
    }
}
