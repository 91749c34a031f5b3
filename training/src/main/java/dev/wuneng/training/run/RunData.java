package dev.wuneng.training.run;

import dev.wuneng.data.DataException;
import dev.wuneng.data.Dataset;
import dev.wuneng.data.pack.EvaluationRows;
import dev.wuneng.data.pack.Packing;
import dev.wuneng.data.pack.Share;
import dev.wuneng.data.pack.Split;
import dev.wuneng.data.pack.TrainingRows;
import dev.wuneng.data.pack.Worker;
import dev.wuneng.data.tokenizer.Tokenizer;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.training.TrainingException;
import dev.wuneng.training.config.ConfigException;
import dev.wuneng.training.config.RunConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The tokenized documents of a run, in rows as its configuration wants them. */
final class RunData implements AutoCloseable {
    private final RunConfig.Data config;
    private final List<Share> shares = new ArrayList<>();
    private final Packing packing;
    /** What is held out: of one file the same documents in every stage, so the seed is not the run's. */
    private final Split split;

    /** Held-out rows of one file, and which it is where there are several. */
    record HeldOut(Optional<String> file, EvaluationRows rows) {
    }

    private RunData(RunConfig.Data config) {
        this.config = config;
        packing = new Packing(config.rows(), config.length(), 0);
        split = new Split(0, config.heldOut());
    }

    static RunData open(RunConfig.Data config) {
        RunData data = new RunData(config);
        try {
            for (int i = 0; i < config.parts().size(); i++) {
                data.open(i);
            }
        } catch (RuntimeException e) {
            data.close();
            throw e;
        }
        return data;
    }

    private void open(int part) {
        RunConfig.Part documents = config.parts().get(part);
        try {
            shares.add(new Share(Dataset.open(Path.of(documents.file())), documents.weight()));
        } catch (DataException e) {
            throw new DataException(config.key(part) + ": " + e.getMessage(), e);
        }
        if (!hash(part).equals(hash(0))) {
            throw new TrainingException(name(part) + " was made by another tokenizer than " + name(0) + ": tokenize both texts with the model's own");
        }
    }

    private String name(int part) {
        return config.key(part) + " " + config.parts().get(part).file();
    }

    private String hash(int part) {
        return shares.get(part).documents().metadata().tokenizerHash();
    }

    int vocabularySize() {
        return shares.getFirst().documents().metadata().vocabularySize();
    }

    /** Rows for training, from the beginning. */
    TrainingRows trainingRows(long seed) {
        return new TrainingRows(shares, split::train, packing, seed, new Worker(config.rank(), config.world()));
    }

    List<HeldOut> heldOut() {
        return shares.stream().map(Share::documents).map(documents -> new HeldOut(
                shares.size() == 1 ? Optional.empty() : Optional.of(documents.path().toString()),
                new EvaluationRows(documents, split::heldOut, packing))).toList();
    }

    /** That the models can read the documents. */
    void check(Models models) {
        Stream.of(models.trained(), models.teacher()).filter(m -> m != null).map(Parameters::config).forEach(this::check);
        if (models.tokenizer() != null) {
            try (Tokenizer tokenizer = Tokenizer.load(models.tokenizer())) {
                if (!tokenizer.hash().equals(hash(0))) {
                    throw new TrainingException(name(0) + " was made by another tokenizer than " + models.tokenizer()
                            + ": tokenize the text again with this one");
                }
            }
        }
    }

    private void check(ModelConfig model) {
        if (vocabularySize() > model.vocabSize()) {
            throw new TrainingException(name(0) + " has a vocabulary of " + vocabularySize() + " tokens and the model of "
                    + model.vocabSize() + ": tokenize the text with the model's own tokenizer, or raise vocab_size");
        }
        if (config.length() > model.maxPositionEmbeddings()) {
            throw new ConfigException("data.length is " + config.length() + ", and must be at most max_position_embeddings ("
                    + model.maxPositionEmbeddings() + ") of the model");
        }
    }

    /** The run's configuration with its epochs turned into steps. */
    RunConfig countSteps(RunConfig run) {
        if (run.steps() > 0) {
            return run;
        }
        long all = shares.stream().mapToLong(share -> share.documents().metadata().tokens()).sum();
        double tokens = run.epochs() * all * (1 - config.heldOut() / 1000.0) / config.world();
        double perStep = (double) run.microBatches() * run.microBatchTokens();
        return run.withSteps((int) Math.clamp(Math.ceil(tokens / perStep), 1, Integer.MAX_VALUE));
    }

    @Override
    public void close() {
        shares.forEach(share -> share.documents().close());
    }
}
