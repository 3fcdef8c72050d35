package dev.throughline.header;

/**
 * How large a header may be.
 *
 * @param maxBytes the whole header, the 16 fixed bytes included
 */
public record HeaderLimits(int maxBytes) {
    /** What hops of ours accept and send: nginx (stream, TLS) reads 4096 bytes as well. */
    public static final HeaderLimits NORMAL = new HeaderLimits(4096);
}
