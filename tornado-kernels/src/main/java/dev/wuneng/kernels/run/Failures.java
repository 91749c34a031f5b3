package dev.wuneng.kernels.run;

import java.util.regex.Pattern;

/** What went wrong inside TornadoVM, in words: it throws many types, with the reason now in the message and now in a cause. */
final class Failures {
    private static final int LONGEST = 400;
    private static final Pattern COLOURS = Pattern.compile("\u001B\\[\\d*m");
    private static final Pattern STACK = Pattern.compile("\\s*Stacktrace: .*", Pattern.DOTALL);

    private Failures() {
    }

    /** One line with the messages of an exception and its causes. */
    static String reason(Throwable thrown) {
        StringBuilder line = new StringBuilder();
        for (Throwable t = thrown; t != null && line.length() < LONGEST; t = t.getCause()) {
            String message = t.getMessage() == null ? t.getClass().getSimpleName() : t.getMessage();
            message = STACK.matcher(COLOURS.matcher(message).replaceAll("")).replaceAll("").strip().replaceAll("\\s+", " ");
            if (line.indexOf(message) < 0) {
                line.append(line.isEmpty() ? "" : ", since ").append(message);
            }
        }
        return line.toString();
    }
}
