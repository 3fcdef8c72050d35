package dev.throughline.bridge;

/** What a header is that came over a bridge. */
public sealed interface BridgeRead {
    /**
     * A flow that is handed over.
     *
     * @param header what it says
     */
    record Found(BridgeHeader header) implements BridgeRead {}

    /**
     * A PROXY header that hands nothing over.
     *
     * @param offset in bytes from the start of the header
     * @param problem what was found and what was expected
     */
    record Malformed(int offset, String problem) implements BridgeRead {}
}
