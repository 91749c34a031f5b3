package dev.wuneng.kernels.run;

/** Something that cannot be computed as asked; the message is one sentence for the user. */
public final class KernelException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public KernelException(String message) {
        super(message);
    }

    public KernelException(String message, Throwable cause) {
        super(message, cause);
    }
}
