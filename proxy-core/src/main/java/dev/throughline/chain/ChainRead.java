package dev.throughline.chain;

/** What a header holds of ours. */
public sealed interface ChainRead {
    /**
     * A well-formed chain; nothing in it is verified.
     *
     * @param chain as it was read
     */
    record Found(Chain chain) implements ChainRead {}

    /** The header carries no chain: its sender does not sign. */
    record None() implements ChainRead {}

    /**
     * Bytes that say they are a chain and aren't one.
     *
     * @param offset in bytes from the start of the header
     * @param problem what was found and what was expected
     */
    record Malformed(int offset, String problem) implements ChainRead {}
}
