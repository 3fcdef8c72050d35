package dev.throughline.chain;

/** Thrown for malformed chain bytes: with the offset in bytes from the start of the chain, and the expected content. */
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
