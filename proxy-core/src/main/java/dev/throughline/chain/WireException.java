package dev.throughline.chain;

/** Chain bytes that can't be read: where, in bytes from the start of the chain, and what was expected. */
final class WireException extends Exception {
    private static final long serialVersionUID = 1L;

    private final int offset;

    WireException(int offset, String problem) {
        super(problem, null, false, false);
        this.offset = offset;
    }

    int offset() {
        return offset;
    }

    String problem() {
        return String.valueOf(getMessage());
    }
}
