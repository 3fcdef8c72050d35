package dev.throughline.demo;

/**
 * The byte of the header that the demo changes: the first one of the originator's process id (SPEC.md, core field 7),
 * so that the header names another process.
 */
final class HeaderByte {
    /** Its offset in a header whose origin directly follows an IPv4 address block. */
    static final int OFFSET = 107;

    /** The new value; no process id of Linux is that large (proc_sys_kernel(5), pid_max). */
    static final int FORGED = 1;

    private HeaderByte() {}
}
