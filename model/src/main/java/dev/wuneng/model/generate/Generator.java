package dev.wuneng.model.generate;

import dev.wuneng.kernels.op.Linear;
import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.ModelException;
import dev.wuneng.model.decoder.Activations.Keep;
import dev.wuneng.model.decoder.Batch;
import dev.wuneng.model.decoder.Decoder;
import dev.wuneng.model.parameter.Parameters;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.IntConsumer;

/**
 * Continues a text, token by token. Nothing is kept from one token to the next: each runs the whole text again, padded at its end to the
 * next length of 32, 64, 128, … tokens, for which a decoder is made once. A token never sees what follows it, so the padding changes nothing.
 */
public final class Generator {
    private static final int SHORTEST = 32;

    private final Parameters parameters;
    private final ModelConfig config;
    private final Executor executor;
    private final Buffer logits;
    private final Map<Integer, Padded> byLength = new HashMap<>();

    /** A decoder for texts of up to so many tokens, and the program that computes the logits of one position. */
    private record Padded(Decoder decoder, Program head) {
    }

    public Generator(Parameters parameters, Executor executor) {
        this.parameters = parameters;
        this.config = parameters.config();
        this.executor = executor;
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
        if (prompt.length == 0) {
            throw new ModelException("the prompt has no tokens: give at least one");
        }
        if (most < 1 || prompt.length + most - 1 > config.maxPositionEmbeddings()) {
            throw new ModelException("a prompt of " + prompt.length + " tokens and " + most + " new ones do not fit: ask for at least 1, and stay within "
                    + "max_position_embeddings (" + config.maxPositionEmbeddings() + ") of the model");
        }
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
        Padded padded = byLength.computeIfAbsent(paddedLength(tokens.length), this::make);
        Decoder decoder = padded.decoder;
        decoder.batch().set(Arrays.copyOf(tokens, decoder.batch().length()), null, executor);
        decoder.forward(executor);
        executor.run(padded.head, tokens.length - 1);
        executor.download(logits);
        return logits.floats().toHeapArray();
    }

    private int paddedLength(int length) {
        int padded = SHORTEST;
        while (padded < length) {
            padded *= 2;
        }
        return Math.max(length, Math.min(padded, config.maxPositionEmbeddings()));
    }

    private Padded make(int length) {
        Decoder decoder = new Decoder(parameters, new Batch(config, 1, length), Keep.NOTHING);
        decoder.batch().buffers().forEach(executor::upload);
        String weight = config.tieWordEmbeddings() ? "model.embed_tokens.weight" : "lm_head.weight";
        int width = config.hiddenSize();
        Program head = new Program.Builder().add(Linear.forward(decoder.hidden().buffer().stacked(width), parameters.view(weight), logits.view(), 1, width,
                config.vocabSize())).build("next_token");
        List<Program> programs = new ArrayList<>(decoder.programs());
        programs.add(head);
        executor.prepare(programs);
        return new Padded(decoder, head);
    }
}
