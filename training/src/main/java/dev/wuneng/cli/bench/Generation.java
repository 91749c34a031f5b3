package dev.wuneng.cli.bench;

import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.checkpoint.Dtype;
import dev.wuneng.model.generate.Generator;
import dev.wuneng.model.generate.Sampling;
import dev.wuneng.model.parameter.Frozen;
import dev.wuneng.model.parameter.Initialization;
import dev.wuneng.model.parameter.ParameterSpec;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.model.parameter.Trainable;
import java.util.Arrays;
import java.util.Set;
import java.util.SplittableRandom;

/** Generation by a model with random parameters: prompts of random tokens, and the likeliest tokens one by one behind them. */
final class Generation {
    private final ModelConfig config;
    private final Generator generator;
    private final SplittableRandom random = new SplittableRandom(1);
    private int[] text;
    private int next;

    Generation(Parameters parameters, Executor executor) {
        config = parameters.config();
        generator = new Generator(parameters, executor);
    }

    /**
     * Parameters that stand in memory as those of a checkpoint of this dtype do. The state heads start as they do in training, since how fast a state decays
     * changes the time; what the rest holds does not, and half a billion of Gaussian numbers would take ten seconds.
     */
    static Parameters parameters(ModelConfig config, Dtype dtype) {
        Parameters parameters = new Parameters(config, Trainable.NONE, new Frozen(spec -> dtype, null, spec -> false));
        SplittableRandom random = new SplittableRandom(1);
        for (Buffer buffer : parameters.buffers()) {
            for (int i = 0; i < buffer.size(); i++) {
                buffer.set(i, 0x1p-36f * random.nextInt());
            }
        }
        Initialization.additions(parameters, 1);
        return parameters;
    }

    /** Bytes of all parameters that a token needs, each read once: of an embedding that is not the head too, it needs one row. */
    static long bytesPerToken(Parameters parameters) {
        ModelConfig config = parameters.config();
        return ParameterSpec.of(config).stream().filter(spec -> config.tieWordEmbeddings() || !spec.name().equals("model.embed_tokens.weight"))
                .mapToLong(spec -> (long) spec.size() * (spec.perLayer() ? config.numHiddenLayers() : 1) * parameters.view(spec.name()).type().bytes()).sum();
    }

    /** Reads a new text of so many tokens, and finds the token that follows. */
    void prompt(int tokens) {
        text = random.ints(tokens, 0, config.vocabSize()).toArray();
        follow();
    }

    /** Adds the token that was found, and finds the one behind it. */
    void token() {
        text = Arrays.copyOf(text, text.length + 1);
        text[text.length - 1] = next;
        follow();
    }

    /** The tokens so far, without the one that was found last. */
    int[] text() {
        return text;
    }

    private void follow() {
        next = generator.generate(text, config.vocabSize(), 1, Sampling.GREEDY, 1, Set.of(), token -> { })[0];
    }
}
