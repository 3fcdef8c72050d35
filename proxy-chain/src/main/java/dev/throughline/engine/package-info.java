/**
 * Sockets of flows on Netty's event loops, without Netty's Channels: a flow costs about half of their system calls and a fraction
 * of their code. {@link dev.throughline.engine.Engine} creates sockets, {@link dev.throughline.engine.Connection} is one. The
 * package knows nothing of flows. Back ends are in packages of their own.
 */
@NullMarked
package dev.throughline.engine;

import org.jspecify.annotations.NullMarked;
