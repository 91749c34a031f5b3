package dev.wuneng.training.run;

import com.google.gson.JsonObject;
import dev.wuneng.model.Checkpoint;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.ModelException;
import dev.wuneng.model.checkpoint.Dtype;
import dev.wuneng.model.parameter.Frozen;
import dev.wuneng.model.parameter.Initialization;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.model.parameter.Trainable;
import dev.wuneng.training.config.ConfigException;
import dev.wuneng.training.config.RunConfig;
import dev.wuneng.training.config.RunConfigs;
import dev.wuneng.training.config.Stage;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The models of a run: laid out first, so that the memory of the run is known, and filled with values then.
 *
 * @param trained the model that the run changes
 * @param teacher the model it learns from; null where there is none
 * @param tokenizer the file that belongs to the trained model; null where none is known
 * @param values reads or makes the values
 */
record Models(Parameters trained, Parameters teacher, Path tokenizer, Runnable values) {

    /**
     * Lays out the models. What neither of them trains and both have alike exists once.
     *
     * @param resumed the checkpoint to go on with
     * @param vocabulary the vocabulary of the data, for a fresh teacher that is given none
     */
    static Models of(RunConfig config, Optional<Path> resumed, int vocabulary) {
        boolean learnsFromTeacher = config.stage() == Stage.ALIGN || config.stage() == Stage.DISTILL;
        Trainable trainable = new Trainable(config.trainable());
        Dtype frozen = config.frozenDtype().dtype();
        Checkpoint taught = learnsFromTeacher ? Checkpoint.open(Path.of(config.teacher())) : null;
        Parameters teacher = learnsFromTeacher ? taught.layOut(Trainable.NONE, frozen) : null;
        Optional<Checkpoint> source = resumed.or(() -> source(config, learnsFromTeacher)).map(Checkpoint::open);
        Parameters trained = source.map(s -> learnsFromTeacher ? s.layOut(trainable, frozen, taught, teacher) : s.layOut(trainable, frozen))
                .orElseGet(() -> fresh(config, teacher, trainable, vocabulary));
        if (trained.trainableCount() == 0) {
            throw new ConfigException("trainable " + config.trainable()
                    + " matches no parameter of the model: use patterns such as model.layers.*.self_attn.*");
        }
        if (frozen != null && teacher == null && trained.trainableCount() == trained.count(false)) {
            throw new ConfigException("frozen_dtype is " + frozen.torchName() + ", and in this run everything trains, which it does in float32:"
                    + " leave it out, or let trainable name less than everything");
        }
        if (teacher != null) {
            requireAlike(teacher.config(), trained.config());
        }
        return new Models(trained, teacher, tokenizer(config), () -> {
            if (teacher != null) {
                taught.fill(teacher);
            }
            source.ifPresentOrElse(s -> s.fill(trained), () -> start(config, teacher, trained));
        });
    }

    private static Optional<Path> source(RunConfig config, boolean learnsFromTeacher) {
        return Optional.ofNullable(learnsFromTeacher || config.student() != null ? config.student() : config.teacher()).map(Path::of);
    }

    private static Parameters fresh(RunConfig config, Parameters teacher, Trainable trainable, int vocabulary) {
        if (teacher != null) {
            return new Parameters(studentConfig(config), trainable, Frozen.ofTeacher(teacher));
        }
        JsonObject json = config.model().deepCopy();
        if (!json.has("vocab_size")) {
            json.addProperty("vocab_size", vocabulary);
        }
        return new Parameters(modelConfig(json), trainable);
    }

    private static void start(RunConfig config, Parameters teacher, Parameters trained) {
        if (teacher == null) {
            Initialization.all(trained, config.seed());
        } else {
            trained.copyFrom(teacher);
            Initialization.additions(trained, config.seed());
        }
    }

    private static ModelConfig studentConfig(RunConfig config) {
        JsonObject json = RunConfigs.object(Path.of(config.teacher()).resolve("config.json"));
        config.model().entrySet().forEach(field -> json.add(field.getKey(), field.getValue()));
        json.addProperty("state_heads", true);
        return modelConfig(json);
    }

    private static ModelConfig modelConfig(JsonObject json) {
        try {
            return ModelConfig.of(json);
        } catch (ModelException e) {
            throw new ConfigException("model." + e.getMessage(), e);
        }
    }

    /** Teacher and student read one batch: the same positions, the same window. */
    private static void requireAlike(ModelConfig teacher, ModelConfig student) {
        same("head_dim", teacher.headDim(), student.headDim());
        same("rope_theta", teacher.ropeTheta(), student.ropeTheta());
        same("sliding_window", teacher.slidingWindow(), student.slidingWindow());
    }

    private static void same(String field, Object teacher, Object student) {
        if (!teacher.equals(student)) {
            throw new ModelException("the teacher has " + field + " " + teacher + " and the student " + student + ": use a student made from this teacher");
        }
    }

    private static Path tokenizer(RunConfig config) {
        if (config.tokenizer() != null) {
            return Path.of(config.tokenizer());
        }
        String folder = config.student() != null ? config.student() : config.teacher();
        return folder == null ? null : Checkpoint.open(Path.of(folder)).tokenizer().orElse(null);
    }
}
