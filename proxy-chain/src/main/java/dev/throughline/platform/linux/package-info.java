/**
 * Access to the operating system: netlink(7), sock_diag(7), proc(5), bpf(2). The only package that calls foreign
 * functions. It returns plain values; other packages interpret them. Supports x86_64 and aarch64, which are both
 * little-endian and have the same layout of all structures used here.
 */
@NullMarked
package dev.throughline.platform.linux;

import org.jspecify.annotations.NullMarked;
