package dev.wuneng.training.config;

import dev.wuneng.training.config.RunConfig.FrozenDtype;
import java.util.List;
import java.util.Locale;

/** That the values of a configuration make sense, alone and together. */
final class RunConfigChecks {
    private static final List<String> STATE_FIELDS = List.of("middle_heads", "combine", "query_modulation", "state_lora_rank");

    private final String source;

    private RunConfigChecks(String source) {
        this.source = source;
    }

    static void check(RunConfig config, String source) {
        new RunConfigChecks(source).check(config);
    }

    private void check(RunConfig c) {
        models(c);
        data(c);
        require(c.steps() >= 0, "steps", c.steps(), "0 (count them from epochs) or more");
        require(c.steps() > 0 || c.epochs() > 0, "epochs", c.epochs(), "more than 0 where steps is 0");
        RunConfig.LearningRate rate = c.learningRate();
        require(rate.start() > 0, "learning_rate.start", rate.start(), "more than 0");
        require(rate.min() >= 0 && rate.min() <= rate.start(), "learning_rate.min", rate.min(), "0 up to learning_rate.start");
        require(rate.warmUp() >= 0, "learning_rate.warm_up", rate.warmUp(), "0 steps or more");
        RunConfig.AdamW adam = c.optimizer();
        require(adam.beta1() >= 0 && adam.beta1() < 1, "optimizer.beta1", adam.beta1(), "0 or more and less than 1");
        require(adam.beta2() >= 0 && adam.beta2() < 1, "optimizer.beta2", adam.beta2(), "0 or more and less than 1");
        require(adam.eps() > 0, "optimizer.eps", adam.eps(), "more than 0");
        require(adam.weightDecay() >= 0, "optimizer.weight_decay", adam.weightDecay(), "0 or more");
        require(adam.clipNorm() >= 0, "optimizer.clip_norm", adam.clipNorm(), "0 (no clipping) or more");
        require(!c.trainable().isEmpty(), "trainable", c.trainable(), "at least one pattern, such as *");
        losses(c);
        require(c.evaluation().every() >= 0, "evaluation.every", c.evaluation().every(), "0 (never) or more steps");
        require(c.evaluation().batches() > 0, "evaluation.batches", c.evaluation().batches(), "1 or more");
        require(c.checkpointEvery() >= 0, "checkpoint_every", c.checkpointEvery(), "0 (at the end only) or more steps");
        require(c.threads() >= 0, "threads", c.threads(), "0 (all processors) or more");
        present(c.out(), "out", "the folder to write to, such as runs/" + c.stage());
    }

    private void models(RunConfig c) {
        switch (c.stage()) {
            case TEACHER -> {
                require(c.student() == null, "student", c.student(), "left out: a teacher goes on from teacher, or starts from model");
                require((c.teacher() == null) == (c.model().size() > 0), "model", c.model(),
                        "given for a fresh teacher, or teacher be given to go on with one, not both");
                require(c.teacher() != null || c.frozenDtype() == FrozenDtype.AUTO, "frozen_dtype", c.frozenDtype().toString().toLowerCase(Locale.ROOT),
                        "left out: a fresh model has no weights that would stay as they are");
            }
            case ALIGN, DISTILL -> {
                present(c.teacher(), "teacher", "the folder of the model to learn from");
                require(c.student() == null || c.model().isEmpty(), "model", c.model(), "left out where student is given, which has its own");
                require(STATE_FIELDS.containsAll(c.model().keySet()), "model", c.model(), "about state heads only (" + String.join(", ", STATE_FIELDS)
                        + "), since the rest comes from the teacher");
            }
            case SFT -> {
                present(c.student(), "student", "the folder of the model to fine-tune");
                require(c.teacher() == null && c.model().isEmpty(), "teacher", c.teacher(), "left out, like model: only student is fine-tuned");
            }
        }
    }

    private void data(RunConfig c) {
        RunConfig.Data data = c.data();
        if (data.mix().isEmpty()) {
            present(data.file(), "data.file", "a folder made by wuneng tokenize, or data.mix for several");
        } else {
            require(data.file() == null, "data.file", data.file(), "left out where data.mix names the documents");
        }
        for (int i = 0; i < data.mix().size(); i++) {
            present(data.mix().get(i).file(), data.key(i), "a folder made by wuneng tokenize");
            require(data.mix().get(i).weight() > 0, "data.mix[" + i + "].weight", data.mix().get(i).weight(), "more than 0");
        }
        require(data.world() > 0, "data.world", data.world(), "1 or more");
        require(data.rank() >= 0 && data.rank() < data.world(), "data.rank", data.rank(), "0 or more and less than data.world");
        require(data.heldOut() >= 0 && data.heldOut() < 1000, "data.held_out", data.heldOut(), "0 to 999, of a thousand documents");
        require(data.rows() > 0, "data.rows", data.rows(), "1 or more");
        require(data.length() > 1, "data.length", data.length(), "2 tokens or more");
        long micro = (long) data.rows() * data.length();
        require(micro <= Integer.MAX_VALUE, "data.rows", data.rows(), "smaller: rows times length is over 2^31");
        long rounded = Math.max(1, Math.round((double) c.tokensPerStep() / micro)) * micro;
        require(c.tokensPerStep() >= 0 && c.tokensPerStep() % micro == 0, "tokens_per_step", c.tokensPerStep(),
                "a multiple of data.rows times data.length (" + micro + "), such as " + rounded);
    }

    private void losses(RunConfig c) {
        RunConfig.Alignment align = c.alignment();
        require(align.state() >= 0, "alignment.state", align.state(), "0 or more");
        require(align.band() >= 0, "alignment.band", align.band(), "0 or more");
        require(align.low() >= 0 && align.low() <= align.high() && align.high() <= 1, "alignment.low", align.low(),
                "0 or more, up to alignment.high, which is at most 1");
        RunConfig.Distillation distill = c.distillation();
        require(distill.kl() >= 0, "distillation.kl", distill.kl(), "0 or more");
        require(distill.ce() >= 0 && distill.kl() + distill.ce() > 0, "distillation.ce", distill.ce(), "0 or more, and not 0 where kl is 0");
        require(distill.temperature() > 0, "distillation.temperature", distill.temperature(), "more than 0");
    }

    private void present(String value, String key, String what) {
        if (value == null || value.isEmpty()) {
            throw new ConfigException(source + ": " + key + " is missing: give " + what);
        }
    }

    private void require(boolean right, String key, Object value, String remedy) {
        if (!right) {
            throw new ConfigException(source + ": " + key + " is " + value + ", and must be " + remedy);
        }
    }
}
