package dev.throughline.config;

import com.google.common.collect.ImmutableList;

/**
 * Firewall marks (SO_MARK) of hops on one host, 1 to 0xFFFF.
 *
 * @param own mark of this hop's connections, which its rules do not capture; 0 if nothing on this host is intercepted
 * @param later marks of the next hops on this host, whose connections this hop does not capture either
 */
public record MarkConfig(int own, ImmutableList<Integer> later) {}
