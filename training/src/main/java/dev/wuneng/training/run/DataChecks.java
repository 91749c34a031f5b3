package dev.wuneng.training.run;

import dev.wuneng.data.arrow.DocumentMetadata;
import dev.wuneng.data.tokenizer.Tokenizer;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.training.TrainingException;
import dev.wuneng.training.config.ConfigException;
import dev.wuneng.training.config.RunConfig;
import java.util.stream.Stream;

/** That data, tokenizer and models of a run belong together. */
final class DataChecks {
    private DataChecks() {
    }

    static void check(RunConfig config, Models models, DocumentMetadata data) {
        Stream.of(models.trained(), models.teacher()).filter(m -> m != null).map(Parameters::config).forEach(m -> check(config, m, data));
        if (models.tokenizer() != null) {
            try (Tokenizer tokenizer = Tokenizer.load(models.tokenizer())) {
                if (!tokenizer.hash().equals(data.tokenizerHash())) {
                    throw new TrainingException("data.file " + config.data().file() + " was made by another tokenizer than " + models.tokenizer()
                            + ": tokenize the text again with this one");
                }
            }
        }
    }

    private static void check(RunConfig config, ModelConfig model, DocumentMetadata data) {
        if (data.vocabularySize() > model.vocabSize()) {
            throw new TrainingException("data.file " + config.data().file() + " has a vocabulary of " + data.vocabularySize() + " tokens and the model of "
                    + model.vocabSize() + ": tokenize the text with the model's own tokenizer, or raise vocab_size");
        }
        if (config.data().length() > model.maxPositionEmbeddings()) {
            throw new ConfigException("data.length is " + config.data().length() + ", and must be at most max_position_embeddings ("
                    + model.maxPositionEmbeddings() + ") of the model");
        }
    }

    /** The configuration with its epochs turned into steps. */
    static RunConfig countSteps(RunConfig config, DocumentMetadata data) {
        if (config.steps() > 0) {
            return config;
        }
        double tokens = config.epochs() * data.tokens() * (1 - config.data().heldOut() / 1000.0);
        double perStep = (double) config.microBatches() * config.microBatchTokens();
        return config.withSteps((int) Math.clamp(Math.ceil(tokens / perStep), 1, Integer.MAX_VALUE));
    }
}
