package dev.wuneng.training.run;

import com.google.gson.JsonObject;
import dev.wuneng.model.Checkpoint;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.ModelException;
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
 * The models of a run.
 *
 * @param trained the model that the run changes
 * @param teacher the model it learns from; null where there is none
 * @param tokenizer the file that belongs to the trained model; null where none is known
 */
record Models(Parameters trained, Parameters teacher, Path tokenizer) {

    /**
     * Loads or makes the models.
     *
     * @param resumed the checkpoint to go on with
     * @param vocabulary the vocabulary of the data, for a fresh teacher that is given none
     */
    static Models load(RunConfig config, Optional<Path> resumed, int vocabulary) {
        boolean learnsFromTeacher = config.stage() == Stage.ALIGN || config.stage() == Stage.DISTILL;
        Trainable trainable = new Trainable(config.trainable());
        Parameters teacher = learnsFromTeacher ? Checkpoint.open(Path.of(config.teacher())).load(Trainable.NONE) : null;
        Parameters trained = resumed.or(() -> source(config, learnsFromTeacher)).map(folder -> Checkpoint.open(folder).load(trainable))
                .orElseGet(() -> fresh(config, teacher, trainable, vocabulary));
        if (trained.trainableCount() == 0) {
            throw new ConfigException("trainable " + config.trainable()
                    + " matches no parameter of the model: use patterns such as model.layers.*.self_attn.*");
        }
        if (teacher != null) {
            requireAlike(teacher.config(), trained.config());
        }
        return new Models(trained, teacher, tokenizer(config));
    }

    private static Optional<Path> source(RunConfig config, boolean learnsFromTeacher) {
        return Optional.ofNullable(learnsFromTeacher || config.student() != null ? config.student() : config.teacher()).map(Path::of);
    }

    private static Parameters fresh(RunConfig config, Parameters teacher, Trainable trainable, int vocabulary) {
        if (teacher != null) {
            Parameters student = new Parameters(studentConfig(config), trainable);
            student.copyFrom(teacher);
            Initialization.additions(student, config.seed());
            return student;
        }
        JsonObject json = config.model().deepCopy();
        if (!json.has("vocab_size")) {
            json.addProperty("vocab_size", vocabulary);
        }
        Parameters parameters = new Parameters(modelConfig(json), trainable);
        Initialization.all(parameters, config.seed());
        return parameters;
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
