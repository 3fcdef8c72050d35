/**
 * The connect tracer: eBPF programs that record which process connects, and access to their records. Independent of
 * flows; {@code identify} evaluates the records.
 */
@NullMarked
package dev.throughline.ebpf;

import org.jspecify.annotations.NullMarked;
