package dev.wuneng.cli.demo;

import dev.wuneng.training.config.Stage;
import java.util.List;

/**
 * How large the demonstration is.
 *
 * @param share of WordNet, one of so many documents and questions is taken
 * @param vocabulary tokens of the learned vocabulary
 * @param model the teacher
 * @param batch rows and their length
 */
record DemoPlan(int share, int vocabulary, List<String> model, List<String> batch, int teacherSteps, int alignSteps, int distillSteps, int sftSteps) {

    /** Under ten minutes on two cores. */
    static final DemoPlan FULL = new DemoPlan(2, 2048,
            List.of("model.hidden_size=128", "model.num_hidden_layers=4", "model.num_attention_heads=4", "model.num_key_value_heads=2",
                    "model.head_dim=32", "model.intermediate_size=352", "model.max_position_embeddings=256", "model.rope_theta=10000",
                    "model.tie_word_embeddings=true"),
            List.of("data.rows=16", "data.length=128"), 800, 100, 100, 100);

    /** About a minute. */
    static final DemoPlan QUICK = new DemoPlan(20, 1024,
            List.of("model.hidden_size=64", "model.num_hidden_layers=2", "model.num_attention_heads=2", "model.num_key_value_heads=1",
                    "model.head_dim=32", "model.intermediate_size=176", "model.max_position_embeddings=256", "model.rope_theta=10000",
                    "model.tie_word_embeddings=true"),
            List.of("data.rows=8", "data.length=128"), 200, 60, 60, 60);

    int steps(Stage stage) {
        return switch (stage) {
            case TEACHER -> teacherSteps;
            case ALIGN -> alignSteps;
            case DISTILL -> distillSteps;
            case SFT -> sftSteps;
        };
    }

    /** Small models learn fastest at rates far above the published one, which is for billions of parameters. */
    static double learningRate(Stage stage) {
        return switch (stage) {
            case TEACHER -> 3e-3;
            case ALIGN -> 3e-3;
            case DISTILL -> 1e-3;
            case SFT -> 1e-3;
        };
    }
}
