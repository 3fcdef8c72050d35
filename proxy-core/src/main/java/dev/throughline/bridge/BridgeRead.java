package dev.throughline.bridge;

/** The result of reading a header from an agent. */
public sealed interface BridgeRead {
    /**
     * A flow that was handed over.
     *
     * @param header the content
     */
    record Found(BridgeHeader header) implements BridgeRead {}

    /**
     * A malformed header.
     *
     * @param offset in bytes from the start of the header
     * @param problem what was found and what was expected
     */
    record Malformed(int offset, String problem) implements BridgeRead {}
}
