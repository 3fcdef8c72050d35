/**
 * eBPF programs that record in the kernel which process connects, and the reader of their records. Knows nothing of
 * flows; {@code identify} decides what a record is worth.
 *
 * <p>{@code ConnectCode} and {@code QueueCode} assemble the programs; {@code connect.bpf.c} and {@code queue.bpf.c} in
 * this directory are the same in C, for audits. A test compares the assembled programs with checked-in disassemblies.
 */
@NullMarked
package dev.throughline.identify.ebpf;

import org.jspecify.annotations.NullMarked;
