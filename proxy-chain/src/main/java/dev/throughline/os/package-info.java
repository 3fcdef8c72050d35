/**
 * The only package that calls foreign functions. It asks the Linux kernel questions (netlink(7), sock_diag(7), proc(5)) and
 * hands back values; what an answer means for a flow is decided elsewhere. x86_64 and aarch64: both are little-endian and
 * give the structures read here one layout.
 */
@NullMarked
package dev.throughline.os;

import org.jspecify.annotations.NullMarked;
