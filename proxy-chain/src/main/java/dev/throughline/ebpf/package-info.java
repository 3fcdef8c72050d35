/**
 * What the kernel itself notes down when a process connects: the programs that we give it for that, and how their notes are
 * read. Knows nothing of flows; {@code identify} decides what a note is worth.
 */
@NullMarked
package dev.throughline.ebpf;

import org.jspecify.annotations.NullMarked;
