package dev.wuneng.model.parameter;

import dev.wuneng.model.checkpoint.Dtype;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * How a model keeps parameters that do not train.
 *
 * @param dtypes the dtype in which a kind of parameter came, which keeps its values; matrices stay in it in memory where it is a half
 *     (linear layers, embedding and head, nearly all of a model), and the rest is widened to float32
 * @param teacher the model whose parameters are taken, not copied, where it has the same frozen ones; null where there is none
 * @param same which of those are the same
 */
public record Frozen(Function<ParameterSpec, Dtype> dtypes, Parameters teacher, Predicate<ParameterSpec> same) {
    static final Frozen FLOAT32 = new Frozen(spec -> Dtype.F32, null, spec -> false);

    /** A new student's: the frame is its teacher's. */
    public static Frozen ofTeacher(Parameters teacher) {
        return new Frozen(spec -> Dtype.F32, teacher, spec -> true);
    }

    Dtype dtype(ParameterSpec spec) {
        return dtypes.apply(spec);
    }

    boolean shares(ParameterSpec spec) {
        return teacher != null && !spec.addition() && teacher.hasFrozen(spec) && same.test(spec);
    }
}
