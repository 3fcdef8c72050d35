package dev.throughline.chain;

/** The result of reading the chain of a header. */
public sealed interface ChainRead {
    /**
     * A well-formed chain, not verified.
     *
     * @param chain the chain
     */
    record Found(Chain chain) implements ChainRead {}

    /** The header has no chain: its sender does not sign. */
    record None() implements ChainRead {}

    /**
     * A malformed chain.
     *
     * @param offset in bytes from the start of the header
     * @param problem what was found and what was expected
     */
    record Malformed(int offset, String problem) implements ChainRead {}
}
