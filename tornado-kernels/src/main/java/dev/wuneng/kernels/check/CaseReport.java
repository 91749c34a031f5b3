package dev.wuneng.kernels.check;

import java.util.List;

/**
 * One case on one device.
 *
 * @param failure why the case could not be run, or null
 */
public record CaseReport(String device, String kernel, String shape, List<OpCheck.Result> results, String failure, double seconds) {
    /** A case that compared nothing has not passed. */
    public boolean passed() {
        return failure == null && !results.isEmpty() && results.stream().allMatch(OpCheck.Result::passed);
    }

    /** The largest relative error of what was compared within a tolerance, NaN where nothing was. */
    public double worst(Tolerance tolerance) {
        return results.stream().filter(r -> r.problem() == null && r.tolerance() == tolerance.relative()).mapToDouble(OpCheck.Result::error).max().orElse(Double.NaN);
    }

    /** What is wrong, in words; empty where nothing is. */
    public String problems() {
        if (failure != null) {
            return failure;
        }
        if (results.isEmpty()) {
            return "nothing was compared";
        }
        return String.join("; ", results.stream().filter(r -> !r.passed()).map(r -> r.tensor() + ": "
                + (r.problem() != null ? r.problem() : "error " + Text.number(r.error()) + " over " + Text.number(r.tolerance()))).toList());
    }
}
