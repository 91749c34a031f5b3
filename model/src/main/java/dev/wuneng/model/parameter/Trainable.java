package dev.wuneng.model.parameter;

import dev.wuneng.model.ModelException;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Which parameters train: those whose checkpoint name matches one of the patterns, in which {@code *} stands for any text. Layers train alike,
 * since their gradients are stacked in one buffer.
 */
public record Trainable(List<String> patterns) {
    public static final Trainable ALL = new Trainable(List.of("*"));
    public static final Trainable NONE = new Trainable(List.of());

    boolean matches(ParameterSpec spec, int layers) {
        long matching = IntStream.range(0, spec.perLayer() ? layers : 1).filter(l -> matches(spec.name(l))).count();
        if (matching == 0) {
            return false;
        }
        if (spec.perLayer() && matching < layers) {
            throw new ModelException("trainable " + patterns + " matches " + spec.name() + " in " + matching + " of " + layers
                    + " layers: write * for the layer, all layers train alike");
        }
        return true;
    }

    private boolean matches(String name) {
        return patterns.stream().anyMatch(p -> Pattern.compile(
                Arrays.stream(p.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining(".*"))).matcher(name).matches());
    }
}
