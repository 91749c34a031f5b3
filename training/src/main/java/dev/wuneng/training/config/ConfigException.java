package dev.wuneng.training.config;

/** A configuration that cannot be used; the message is one sentence that names the source, the key and what to write there. */
public final class ConfigException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ConfigException(String message) {
        super(message);
    }

    public ConfigException(String message, Throwable cause) {
        super(message, cause);
    }
}
