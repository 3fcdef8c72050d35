package dev.throughline.demo;

/**
 * The byte of the header that the demo changes on its way: the first one of the originator's process id (SPEC.md, core field
 * 7), so that another process would pass for the one that opened the flow.
 */
final class HeaderByte {
    /** Its place in a header whose origin is the first thing after an IPv4 address block, in bytes from 0. */
    static final int OFFSET = 107;

    /** No process id of Linux is so large that this is its first byte (proc_sys_kernel(5), pid_max). */
    static final int FORGED = 1;

    private HeaderByte() {}
}
