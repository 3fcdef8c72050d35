package dev.throughline.key;

/** Thrown for a malformed key or trust text. The message says where, what was expected and what to do. */
public final class KeyFormatException extends Exception {
    private static final long serialVersionUID = 1L;

    /**
     * Creates an exception.
     *
     * @param message for the author of the text
     */
    public KeyFormatException(String message) {
        super(message);
    }
}
