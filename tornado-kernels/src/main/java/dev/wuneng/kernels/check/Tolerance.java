package dev.wuneng.kernels.check;

/** How far float32 results may be from float64 ones, as ‖out − ref‖ / ‖ref‖; the one table of tolerances. */
public enum Tolerance {
    FORWARD(1e-5, "sums of up to a few thousand float32 terms in another order"),
    GRADIENT(5e-4, "two more such sums in a row, some of them of terms that nearly cancel");

    /** Below this norm per element a reference counts as zero, and the error is taken as absolute. */
    public static final double ABSOLUTE = 1e-6;

    private final double relative;
    private final String reason;

    Tolerance(double relative, String reason) {
        this.relative = relative;
        this.reason = reason;
    }

    public double relative() {
        return relative;
    }

    /** Why it is not smaller. */
    public String reason() {
        return reason;
    }

    /**
     * ‖out − ref‖ / ‖ref‖, or 0 where ‖out − ref‖ stays within {@link #ABSOLUTE} an element (root mean square); infinite where a value is not a number.
     */
    public static double error(double[] out, double[] reference) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < reference.length; i++) {
            difference += (out[i] - reference[i]) * (out[i] - reference[i]);
            norm += reference[i] * reference[i];
        }
        if (!Double.isFinite(difference)) {
            return Double.POSITIVE_INFINITY;
        }
        if (Math.sqrt(difference) <= ABSOLUTE * Math.sqrt(reference.length)) {
            return norm == 0 ? 0 : Math.min(Math.sqrt(difference / norm), FORWARD.relative);
        }
        return Math.sqrt(difference / norm);
    }
}
