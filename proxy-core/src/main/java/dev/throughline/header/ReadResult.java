package dev.throughline.header;

/** The result of reading the bytes that a {@link HeaderReader} has so far. */
public sealed interface ReadResult {
    /**
     * The header is incomplete and valid so far.
     *
     * @param total number of bytes from the start of the header that are needed at least; fewer may be enough to reject it
     */
    record NeedMore(int total) implements ReadResult {}

    /**
     * The header is complete. Bytes after it belong to the flow.
     *
     * @param header the header; its {@code raw} has the number of bytes read
     */
    record Complete(Header header) implements ReadResult {}

    /**
     * The bytes can't become a valid header.
     *
     * @param offset in bytes from the start of the header
     * @param problem what was found and what was expected
     * @param section the section of the PROXY protocol specification with the rule
     */
    record Malformed(int offset, String problem, String section) implements ReadResult {}
}
