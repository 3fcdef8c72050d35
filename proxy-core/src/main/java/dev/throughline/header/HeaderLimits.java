package dev.throughline.header;

/**
 * The size limit for headers.
 *
 * @param maxBytes limit of the whole header, including the 16 fixed bytes
 */
public record HeaderLimits(int maxBytes) {
    /** The limit of this project's hops, in both directions: nginx (stream, TLS) also reads 4096 bytes. */
    public static final HeaderLimits NORMAL = new HeaderLimits(4096);
}
