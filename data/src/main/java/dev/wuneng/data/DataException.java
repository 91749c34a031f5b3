package dev.wuneng.data;

/**
 * Bad input: a file, a field or an argument that cannot be used.
 *
 * <p>The message is one sentence for the person at the command line. It names the file, what is wrong in it and what to
 * do about it, so a caller prints it as it is, without the stack trace.
 */
public final class DataException extends RuntimeException {

    public DataException(String message) {
        super(message);
    }

    public DataException(String message, Throwable cause) {
        super(message, cause);
    }
}
