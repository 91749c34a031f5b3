package dev.wuneng.kernels.run;

/** What went wrong inside TornadoVM, in words: it throws many types, with the reason now in the message and now in a cause. */
final class Failures {
    private Failures() {
    }

    /** One line with the messages of an exception and its causes. */
    static String reason(Throwable thrown) {
        StringBuilder line = new StringBuilder();
        for (Throwable t = thrown; t != null && line.length() < 400; t = t.getCause()) {
            String message = t.getMessage() == null ? t.getClass().getSimpleName() : t.getMessage().strip().replaceAll("\\s+", " ");
            if (line.indexOf(message) < 0) {
                line.append(line.isEmpty() ? "" : ", since ").append(message);
            }
        }
        return line.toString();
    }
}
