package dev.wuneng.cli;

import dev.wuneng.data.chat.ChatMl;
import dev.wuneng.data.tokenizer.SpecialTokens;
import dev.wuneng.data.tokenizer.Tokenizer;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.model.Checkpoint;
import dev.wuneng.model.ModelException;
import dev.wuneng.model.generate.Generator;
import dev.wuneng.model.generate.Sampling;
import dev.wuneng.model.parameter.Trainable;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code wuneng generate}: continues a text or answers a question. */
@Command(name = "generate", description = "Continues a prompt with a model, or answers it as a question.")
final class GenerateCommand implements Callable<Integer> {
    @Mixin
    private DeviceOption device;

    @Option(names = "--model", paramLabel = "DIR", required = true, description = "config.json, model.safetensors and tokenizer.json")
    private Path folder;

    @Option(names = "--prompt", paramLabel = "TEXT", required = true, description = "the text to continue")
    private String prompt;

    @Option(names = "--max-tokens", paramLabel = "N", defaultValue = "100", description = "new tokens at most, ${DEFAULT-VALUE} unless given")
    private int most;

    @Option(names = "--temperature", paramLabel = "X", defaultValue = "0",
            description = "0, the default, always takes the most likely token; more is more varied")
    private double temperature;

    @Option(names = "--top-p", paramLabel = "P", defaultValue = "1", description = "draws only from the likeliest tokens that together have this probability")
    private double topP;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "the same seed draws the same tokens")
    private long seed;

    @Option(names = "--chat", description = "takes the prompt as a user's turn and prints the assistant's")
    private boolean chat;

    @Override
    public Integer call() {
        Sampling sampling = new Sampling(temperature, topP);
        Checkpoint checkpoint = Checkpoint.open(folder);
        Path file = checkpoint.tokenizer().orElseThrow(
                () -> new ModelException(folder + " has no tokenizer.json: copy the one that belongs to the model there"));
        try (Tokenizer tokenizer = Tokenizer.load(file); Executor executor = device.open()) {
            Generator generator = new Generator(checkpoint.load(Trainable.NONE), executor);
            int[] ids = chat ? new ChatMl(tokenizer).question(prompt) : tokenizer.encode(prompt);
            TextStream text = new TextStream(tokenizer, System.out::print);
            if (!chat) {
                text.add(ids);
            }
            generator.generate(ids, tokenizer.vocabularySize(), most, sampling, seed, endings(tokenizer), id -> {
                text.add(id);
                System.out.flush();
            });
            System.out.println();
        }
        return 0;
    }

    /** Tokens that end a text. */
    static Set<Integer> endings(Tokenizer tokenizer) {
        Set<Integer> ids = new HashSet<>(Set.of(tokenizer.endOfText()));
        tokenizer.id(SpecialTokens.TURN_END).ifPresent(ids::add);
        return ids;
    }
}
