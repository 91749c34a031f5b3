package dev.wuneng.training;

/** The learning rate over a run: linearly up to {@code start}, then along half a cosine down to {@code min} at the last step. */
public record Schedule(double start, double min, int warmUp, long steps) {

    /** The rate of a step, the first being 1. */
    public double rate(long step) {
        if (step <= warmUp) {
            return start * step / warmUp;
        }
        double done = steps <= warmUp ? 1 : Math.min(1, (double) (step - warmUp) / (steps - warmUp));
        return min + (start - min) * (1 + Math.cos(Math.PI * done)) / 2;
    }
}
