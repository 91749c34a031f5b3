package dev.wuneng.model;

/** A model, checkpoint or configuration that cannot be used as it is; the message is one sentence for the user. */
public final class ModelException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ModelException(String message) {
        super(message);
    }

    public ModelException(String message, Throwable cause) {
        super(message, cause);
    }
}
