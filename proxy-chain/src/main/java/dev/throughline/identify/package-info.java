/**
 * The identification of processes through the kernel: records of connect(2), sock_diag(7) for sockets, proc(5) for processes. A
 * process is identified only if the kernel recorded that it connected, or if it alone held the socket and stayed the same while
 * it was read. Anything less is reported with weaker evidence, never guessed.
 */
@NullMarked
package dev.throughline.identify;

import org.jspecify.annotations.NullMarked;
