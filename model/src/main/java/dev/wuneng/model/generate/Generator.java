package dev.wuneng.model.generate;

import dev.wuneng.kernels.op.Linear;
import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.ModelException;
import dev.wuneng.model.decoder.Batch;
import dev.wuneng.model.decoder.Decoder;
import dev.wuneng.model.decoder.Past;
import dev.wuneng.model.parameter.Parameters;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.IntConsumer;
import java.util.stream.Stream;

/**
 * Continues a text, token by token. What the model knows of the tokens so far stays on the device (keys, values, states), so each new token is run alone, and a
 * prompt that begins with the text before, the next turn of a conversation, only by what it adds. A generator serves one thread and one text at a time.
 */
public final class Generator {
    /** Tokens that are run together, the most first, where programs of each size have to be compiled. */
    private static final List<Integer> FEW_SIZES = List.of(32, 1);
    /** The same where they have not: a prompt of any length takes few runs. */
    private static final List<Integer> SIZES = List.of(256, 128, 64, 32, 16, 8, 4, 2, 1);
    private static final int SHORTEST = 256;

    private final Parameters parameters;
    private final ModelConfig config;
    private final Executor executor;
    private final Buffer logits;
    /** Room for texts of some length, or null before the first. */
    private Past past;
    private final List<Integer> sizes;
    /** By their number of tokens. */
    private final Map<Integer, Run> runs = new HashMap<>();
    /** Has the tables of positions that all runs read. */
    private Batch positions;
    /** The tokens that {@link #past} has seen. */
    private int[] seen = {};

    /** A decoder for so many tokens at once, and the program that computes the logits of the last of them. */
    private record Run(Decoder decoder, Program head) {
        int rows() {
            return decoder.batch().rows();
        }
    }

    public Generator(Parameters parameters, Executor executor) {
        this.parameters = parameters;
        this.config = parameters.config();
        this.executor = executor;
        sizes = executor.compiles() ? FEW_SIZES : SIZES;
        logits = Buffer.floats("logits", config.vocabSize());
        parameters.buffers().forEach(executor::upload);
    }

    /**
     * Continues a prompt.
     *
     * @param vocabulary tokens that may come; a model's vocabulary may be padded beyond its tokenizer's
     * @param most the number of new tokens at most
     * @param stop tokens that end the text; they are not part of the result
     * @param each is told every new token as it comes
     * @return the new tokens
     */
    public int[] generate(int[] prompt, int vocabulary, int most, Sampling sampling, long seed, Set<Integer> stop, IntConsumer each) {
        if (most < 1 || prompt.length + most - 1 > config.maxPositionEmbeddings()) {
            throw new ModelException("a prompt of " + prompt.length + " tokens and " + most + " new ones do not fit: ask for at least 1, and stay within "
                    + "max_position_embeddings (" + config.maxPositionEmbeddings() + ") of the model");
        }
        makeRoom(prompt.length + most - 1);
        SplittableRandom random = new SplittableRandom(seed);
        int[] tokens = Arrays.copyOf(prompt, prompt.length + most);
        int length = prompt.length;
        while (length < tokens.length) {
            float[] next = logits(Arrays.copyOf(tokens, length));
            int token = sampling.choose(Arrays.copyOf(next, Math.min(vocabulary, next.length)), random);
            if (stop.contains(token)) {
                break;
            }
            tokens[length++] = token;
            each.accept(token);
        }
        return Arrays.copyOfRange(tokens, prompt.length, length);
    }

    /** The logits of the token that follows a text, one for every entry of the model's vocabulary. */
    public float[] logits(int[] tokens) {
        if (tokens.length == 0) {
            throw new ModelException("the prompt has no tokens: give at least one");
        }
        makeRoom(tokens.length);
        boolean follows = seen.length < tokens.length && Arrays.equals(seen, 0, seen.length, tokens, 0, seen.length);
        int at = follows ? seen.length : 0;
        seen = new int[0];
        Run last = null;
        while (at < tokens.length) {
            int left = tokens.length - at;
            last = runs.computeIfAbsent(sizes.stream().filter(size -> size <= left).findFirst().orElseThrow(), this::run);
            last.decoder.batch().follow(at, Arrays.copyOfRange(tokens, at, at + last.rows()), executor);
            last.decoder.forward(executor);
            at += last.rows();
        }
        seen = tokens.clone();
        executor.run(last.head, 0);
        executor.download(logits);
        return logits.floats().toHeapArray();
    }

    /** Makes sure that a text of so many tokens fits. */
    private void makeRoom(int length) {
        if (past != null && length <= past.tokens()) {
            return;
        }
        int room = SHORTEST;
        while (room < length) {
            room *= 2;
        }
        Past shorter = past;
        int[] known = seen;
        // Nothing is known where what follows fails: of memory that there is not, or on a device.
        seen = new int[0];
        past = new Past(config, Math.max(length, Math.min(room, config.maxPositionEmbeddings())), sizes.getFirst());
        positions = new Batch(config, 1, 1, past.tokens());
        runs.clear();
        List<Integer> now = executor.compiles() ? sizes : List.of(1);
        now.forEach(size -> runs.put(size, run(size)));
        executor.prepare(runs.values().stream().flatMap(run -> Stream.concat(run.decoder.programs().stream(), Stream.of(run.head))).toList());
        if (shorter != null) {
            past.takeFrom(shorter, executor);
            seen = known;
        }
    }

    private Run run(int rows) {
        Decoder decoder = new Decoder(parameters, positions.ofRows(rows), past);
        decoder.batch().buffers().forEach(executor::upload);
        String weight = config.tieWordEmbeddings() ? "model.embed_tokens.weight" : "lm_head.weight";
        int width = config.hiddenSize();
        Program head = new Program.Builder().add(Linear.forward(decoder.hidden().plus((rows - 1) * width), parameters.view(weight), logits.view(), 1, width,
                config.vocabSize())).build("next_token");
        return new Run(decoder, head);
    }
}
