/**
 * Demonstrations of hops, in network namespaces or on loopback, without a change to the host's own network. Tests use
 * the namespaces and the emulator, too.
 */
@NullMarked
package dev.throughline.demo;

import org.jspecify.annotations.NullMarked;
