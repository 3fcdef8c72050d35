package dev.throughline.key;

/** A key or trust text that can't be read; the message says where, what was expected and what to do. */
public final class KeyFormatException extends Exception {
    private static final long serialVersionUID = 1L;

    /**
     * A text that can't be read.
     *
     * @param message for the author of the text
     */
    public KeyFormatException(String message) {
        super(message);
    }
}
