package dev.wuneng.training.run;

import dev.wuneng.model.decoder.Activations.Keep;
import dev.wuneng.model.decoder.Batch;
import dev.wuneng.model.decoder.Decoder;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.training.config.RunConfig;
import dev.wuneng.training.objective.Alignment;
import dev.wuneng.training.objective.Distillation;
import dev.wuneng.training.objective.NextToken;
import dev.wuneng.training.objective.Objective;

/** What each stage minimises. */
final class Objectives {
    private Objectives() {
    }

    static Objective of(RunConfig config, Models models) {
        Parameters trained = models.trained();
        Batch batch = new Batch(trained.config(), config.data().rows(), config.data().length());
        Decoder teacher = models.teacher() == null ? null : new Decoder(models.teacher(), batch, Keep.NOTHING);
        return switch (config.stage()) {
            case TEACHER, SFT -> new NextToken(new Decoder(trained, batch, keep(config)));
            case ALIGN -> {
                RunConfig.Alignment a = config.alignment();
                yield new Alignment(teacher, trained, new Alignment.Settings(a.state(), a.band(), a.low(), a.high()));
            }
            case DISTILL -> {
                RunConfig.Distillation d = config.distillation();
                yield new Distillation(teacher, new Decoder(trained, batch, keep(config)), new Distillation.Weights(d.kl(), d.ce(), d.temperature()));
            }
        };
    }

    private static Keep keep(RunConfig config) {
        return switch (config.activations()) {
            case ALL -> Keep.ALL;
            case INPUTS -> Keep.INPUTS;
        };
    }
}
