package dev.wuneng.cli.bench;

import com.google.gson.JsonObject;
import dev.wuneng.kernels.op.Add;
import dev.wuneng.kernels.op.Attention;
import dev.wuneng.kernels.op.CrossEntropy;
import dev.wuneng.kernels.op.Distillation;
import dev.wuneng.kernels.op.GradientNorm;
import dev.wuneng.kernels.op.Linear;
import dev.wuneng.kernels.op.StateScan;
import dev.wuneng.kernels.op.StateScanBackward;
import dev.wuneng.kernels.op.StateStreams;
import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Buffer.Type;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.kernels.run.View;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.checkpoint.Dtype;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.PrimitiveIterator;
import java.util.Random;
import java.util.stream.IntStream;

/** Everything that {@code wuneng bench compare} measures. {@code bench/README.md} says what each row means. */
public final class Works {
    private static final int HEAD = 64;
    private static final int HEADS = 4;
    private static final int QWEN_VOCABULARY = 151_936;
    private static final int QWEN_WIDTH = 896;
    private static final int QWEN_FFN = 4864;
    private static final int QWEN_ROWS = 512;
    /** Bytes of weights that take turns, so that each comes from memory, as in a model. */
    private static final int BEYOND_CACHES = 200_000_000;
    private static final int GENERATE_BEHIND = 128;

    private Works() {
    }

    static List<Work> all(ModelShape shape, ModelShape generating) {
        List<Work> works = new ArrayList<>();
        works.add(training("dense", 1.3, shape, false));
        works.add(training("hybrid", 20, shape, true));
        works.add(generation(generating, Dtype.BF16));
        ModelConfig c = shape.config();
        int rows = shape.rows() * shape.length();
        works.addAll(kernels());
        linears(works, rows, c.intermediateSize(), c.hiddenSize(), 1);
        linears(works, rows, c.hiddenSize(), c.intermediateSize(), 1);
        linears(works, rows, c.vocabSize(), c.hiddenSize(), 1);
        return works;
    }

    /** One run of a kernel by the name of its row. */
    public static Runnable kernel(String name, Executor executor) {
        return kernels().stream().filter(work -> work.name().equals(name)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("bench compare has no row " + name)).ours().apply(executor);
    }

    /** The rows that no model is needed for. */
    private static List<Work> kernels() {
        List<Work> works = new ArrayList<>();
        for (int n : List.of(512, 1024, 2048)) {
            linears(works, n, n, n, n == 1024 ? 1.05 : 1);
        }
        linears(works, QWEN_ROWS, QWEN_FFN, QWEN_WIDTH, 1);
        linears(works, QWEN_ROWS, QWEN_WIDTH, QWEN_FFN, 1);
        linears(works, QWEN_ROWS, QWEN_VOCABULARY, QWEN_WIDTH, 1);
        for (Dtype dtype : List.of(Dtype.F32, Dtype.BF16)) {
            works.add(fewRows(1, QWEN_VOCABULARY, QWEN_WIDTH, dtype));
            works.add(fewRows(8, QWEN_FFN, QWEN_WIDTH, dtype));
            works.add(fewRows(1, QWEN_WIDTH, QWEN_FFN, dtype));
        }
        for (int length : List.of(256, 1024, 4096)) {
            JsonObject peer = json("attention");
            peer.addProperty("length", length);
            peer.addProperty("heads", HEADS);
            peer.addProperty("head_size", HEAD);
            works.add(Work.againstPeer("attention " + length, 1, executor -> attention(length, executor), peer));
        }
        int tokens = 1024;
        double perHead = (double) tokens * HEADS * HEAD;
        works.add(Work.againstLimit("state scan " + tokens, 0.5, executor -> scan(tokens, executor), 39 * perHead * HEAD, 4 * 58 * perHead));
        double logits = 64.0 * QWEN_VOCABULARY;
        works.add(Work.againstLimit("cross-entropy " + QWEN_VOCABULARY, 0.7, executor -> crossEntropy(64, executor), 0, 4 * 3 * logits));
        works.add(Work.againstLimit("kl " + QWEN_VOCABULARY, 0.7, executor -> distillation(64, executor), 0, 4 * 5 * logits));
        return works;
    }

    private static Work training(String name, double mark, ModelShape shape, boolean stateHeads) {
        JsonObject model = shape.model().deepCopy();
        model.addProperty("state_heads", stateHeads);
        JsonObject peer = json("train");
        peer.add("model", model);
        peer.addProperty("rows", shape.rows());
        peer.addProperty("length", shape.length());
        return Work.againstPeer(name, mark, executor -> new TrainingStep(ModelConfig.of(model), shape.rows(), shape.length(), executor), peer);
    }

    private static Work generation(ModelShape shape, Dtype dtype) {
        JsonObject peer = json("generate");
        peer.add("model", shape.model());
        peer.addProperty("dtype", dtype.torchName());
        peer.addProperty("behind", GENERATE_BEHIND);
        return Work.againstPeer("generate", 1, executor -> token(new Generation(Generation.parameters(shape.config(), dtype), executor)), peer);
    }

    /** A token of a text that is read again where it has become twice as long. */
    private static Runnable token(Generation generation) {
        generation.prompt(GENERATE_BEHIND);
        return () -> {
            if (generation.text().length < 2 * GENERATE_BEHIND) {
                generation.token();
            } else {
                generation.prompt(GENERATE_BEHIND);
            }
        };
    }

    private static void linears(List<Work> works, int rows, int out, int in, double mark) {
        for (String form : List.of("forward", "input", "weight")) {
            works.add(Work.againstPeer(name(form, rows, out, in), mark, executor -> linear(form, rows, out, in, executor),
                    linear(form, rows, out, in, Dtype.F32, 1)));
        }
    }

    /** A product of generation, where reading the weight is what takes time. */
    private static Work fewRows(int rows, int out, int in, Dtype dtype) {
        int weights = Math.ceilDiv(BEYOND_CACHES, out * in * dtype.bytes());
        return Work.againstPeer(name("forward", rows, out, in) + (dtype == Dtype.F32 ? "" : " " + dtype.torchName()), 1,
                executor -> fewRows(rows, out, in, dtype.stored(), weights, executor), linear("forward", rows, out, in, dtype, weights));
    }

    private static String name(String form, int rows, int out, int in) {
        return String.format(Locale.ROOT, "linear %s %d × %d × %d", form, rows, out, in);
    }

    private static JsonObject linear(String form, int rows, int out, int in, Dtype dtype, int weights) {
        JsonObject peer = json("linear");
        peer.addProperty("form", form);
        peer.addProperty("rows", rows);
        peer.addProperty("out", out);
        peer.addProperty("in", in);
        peer.addProperty("dtype", dtype.torchName());
        peer.addProperty("weights", weights);
        return peer;
    }

    static Runnable linear(String form, int rows, int out, int in, Executor executor) {
        View x = random("x", (long) rows * in, executor);
        View w = random("w", (long) out * in, executor);
        View y = random("y", (long) rows * out, executor);
        return run(executor, new Program.Builder().add(switch (form) {
            case "forward" -> Linear.forward(x, w, y, rows, in, out);
            case "input" -> Linear.backwardInput(y, w, x, rows, in, out, false);
            default -> Linear.backwardWeight(y, x, w, rows, in, out);
        }));
    }

    private static Runnable fewRows(int rows, int out, int in, Type type, int weights, Executor executor) {
        View x = random("x", (long) rows * in, executor);
        View w = random("w", type, (long) weights * out * in, executor).buffer().stacked(out * in);
        Program program = new Program.Builder().add(Linear.forward(x, w, zeros("y", (long) rows * out), rows, in, out)).build("bench");
        executor.prepare(List.of(program));
        PrimitiveIterator.OfInt turn = IntStream.iterate(0, i -> (i + 1) % weights).iterator();
        return () -> executor.run(program, turn.nextInt());
    }

    /** Reads an array of {@code size} elements, for the sums of their squares. */
    static Runnable read(int size, Executor executor) {
        return run(executor, new Program.Builder().add(GradientNorm.partial(zeros("read", size), zeros("partial", GradientNorm.partials(size)), size)));
    }

    /** Three arrays of {@code size} elements: two are added up into the third. */
    static Runnable sum(long size, Executor executor) {
        return run(executor, new Program.Builder().add(Add.sum(zeros("a", size), zeros("b", size), zeros("y", size), Math.toIntExact(size))));
    }

    private static Runnable attention(int length, Executor executor) {
        int[] first = new int[length];
        int[] last = new int[length];
        Attention.fillSpans(IntStream.range(0, length).toArray(), first, last, length, 0);
        View from = ints("first", first, executor);
        View to = ints("last", last, executor);
        long size = (long) length * HEADS * HEAD;
        View q = random("q", size, executor);
        View k = random("k", size, executor);
        View v = random("v", size, executor);
        View o = zeros("o", size);
        View lse = zeros("lse", (long) length * HEADS);
        View upstream = random("dO", size, executor);
        View stats = zeros("stats", 2L * length * HEADS);
        return run(executor, new Program.Builder()
                .add(Attention.forward(q, k, v, from, o, lse, length, HEADS, HEADS, HEAD))
                .add(Attention.backwardPrepare(o, upstream, lse, stats, length, HEADS, HEAD))
                .add(Attention.backwardQuery(q, k, v, upstream, stats, from, zeros("dq", size), length, HEADS, HEADS, HEAD))
                .add(Attention.backwardKeyValue(q, k, v, upstream, stats, to, zeros("dk", size), zeros("dv", size), length, HEADS, HEADS, HEAD)));
    }

    private static Runnable scan(int tokens, Executor executor) {
        long size = (long) tokens * HEADS * HEAD;
        View streams = streams(size, executor);
        View initial = zeros("initial", (long) HEADS * HEAD * HEAD);
        View checkpoints = zeros("checkpoints", StateScan.checkpointsSize(1, tokens, HEADS, HEAD));
        View e = zeros("e", size);
        View u = random("u", size, executor);
        View dy = random("dy", size, executor);
        View dz = random("dz", size, executor);
        View work = zeros("work", StateScanBackward.workSize(1, tokens, HEADS, HEAD));
        return run(executor, new Program.Builder()
                .add(StateScan.forward(streams, initial, zeros("y", size), e, checkpoints, 1, tokens, HEADS, HEAD))
                .add(StateScan.readout(streams, e, checkpoints, u, zeros("z", size), 1, tokens, HEADS, HEAD))
                .add(StateScanBackward.readout(streams, e, checkpoints, dz, zeros("du", size), 1, tokens, HEADS, HEAD))
                .addAll(StateScanBackward.gradients(streams, e, checkpoints, u, dy, dz, work, zeros("dstreams", 6 * size), 1, tokens, HEADS, HEAD)));
    }

    /** What {@link StateStreams} writes: decays between 0.55 and 1, κ̂ of length about 1, b = κ̂ ⊙ a. */
    private static View streams(long size, Executor executor) {
        Buffer buffer = Buffer.floats("streams", StateStreams.VECTORS * size);
        Random random = new Random(1);
        for (int i = 0; i < buffer.size(); i++) {
            float value = random.nextFloat() - 0.5f;
            buffer.floats().set(i, switch (i / HEAD % StateStreams.VECTORS) {
                case 0 -> 0.775f + 0.45f * value;
                case 1 -> 0.43f * value;
                case 2 -> buffer.floats().get(i - HEAD) * random.nextFloat();
                default -> value;
            });
        }
        executor.upload(buffer);
        return buffer.view();
    }

    private static Runnable crossEntropy(int rows, Executor executor) {
        View logits = random("logits", (long) rows * QWEN_VOCABULARY, executor);
        View scale = random("scale", 1, executor);
        return run(executor, new Program.Builder().addAll(CrossEntropy.lossAndGradient(logits, ints("labels", new int[rows], executor), scale,
                zeros("partial", CrossEntropy.partialSize(rows, QWEN_VOCABULARY)), zeros("lse", rows), zeros("loss", rows), rows,
                QWEN_VOCABULARY, QWEN_VOCABULARY)));
    }

    private static Runnable distillation(int rows, Executor executor) {
        View student = random("student", (long) rows * QWEN_VOCABULARY, executor);
        View teacher = random("teacher", (long) rows * QWEN_VOCABULARY, executor);
        View ones = ints("mask", IntStream.generate(() -> 1).limit(rows).toArray(), executor);
        return run(executor, new Program.Builder().addAll(Distillation.lossAndGradient(student, teacher, ints("labels", new int[rows], executor), ones,
                random("scales", 2, executor), zeros("partial", Distillation.partialSize(rows, QWEN_VOCABULARY)),
                zeros("stats", (long) rows * Distillation.STATS), zeros("kl", rows), zeros("ce", rows), rows, QWEN_VOCABULARY, QWEN_VOCABULARY,
                QWEN_VOCABULARY, 2)));
    }

    private static Runnable run(Executor executor, Program.Builder builder) {
        Program program = builder.build("bench");
        executor.prepare(List.of(program));
        return () -> executor.run(program, 0);
    }

    private static View zeros(String name, long size) {
        return Buffer.floats(name, size).view();
    }

    /** Small values, so that no recurrence grows. */
    private static View random(String name, long size, Executor executor) {
        return random(name, Type.F32, size, executor);
    }

    private static View random(String name, Type type, long size, Executor executor) {
        Buffer buffer = Buffer.of(name, type, size);
        Random random = new Random(name.hashCode());
        for (int i = 0; i < buffer.size(); i++) {
            buffer.set(i, 0.1f * (random.nextFloat() - 0.5f));
        }
        executor.upload(buffer);
        return buffer.view();
    }

    private static View ints(String name, int[] values, Executor executor) {
        Buffer buffer = Buffer.ints(name, values.length);
        for (int i = 0; i < values.length; i++) {
            buffer.ints().set(i, values[i]);
        }
        executor.upload(buffer);
        return buffer.view();
    }

    private static JsonObject json(String work) {
        JsonObject json = new JsonObject();
        json.addProperty("work", work);
        return json;
    }
}
