package dev.throughline.header;

/** What a {@link HeaderReader} makes of the bytes that have arrived so far. */
public sealed interface ReadResult {
    /**
     * So far so good.
     *
     * @param total how many bytes from the start of the header it takes at least until it is complete; fewer may be enough
     *     to refuse it
     */
    record NeedMore(int total) implements ReadResult {}

    /**
     * All of the header is here; what follows it belongs to the flow.
     *
     * @param header what was read; its {@code raw} says how many bytes it took
     */
    record Complete(Header header) implements ReadResult {}

    /**
     * These bytes can't become a valid header, whatever follows.
     *
     * @param offset where in the header, in bytes from 0
     * @param problem what was found and what was expected
     * @param section where the PROXY protocol specification says so
     */
    record Malformed(int offset, String problem, String section) implements ReadResult {}
}
