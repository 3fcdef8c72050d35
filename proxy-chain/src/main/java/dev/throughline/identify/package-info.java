/**
 * How the kernel is asked who owns a socket: sock_diag(7) for the socket, proc(5) for the process that holds it. A process
 * is named only if it alone was seen to hold the socket and stayed the same while it was read; anything less is said with
 * less evidence, never guessed.
 */
@NullMarked
package dev.throughline.identify;

import org.jspecify.annotations.NullMarked;
