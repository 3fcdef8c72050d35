package dev.throughline.demo;

/**
 * The byte of the header that the demo changes on its way: the evidence by which the origin says that it knows the
 * originator (SPEC.md, core field 5), so that a lookup in the kernel's tables would pass for proof at connect time.
 */
final class HeaderByte {
    /** Its place in a header whose origin is the first thing after an IPv4 address block, in bytes from 0. */
    static final int OFFSET = 98;

    /** The code of {@code kernel-connect}, which no hop of the demo writes. */
    static final int FORGED = 2;

    private HeaderByte() {}
}
