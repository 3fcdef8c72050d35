/**
 * Compares the cost of Throughline with that of other proxies on one machine: {@code ./throughline bench}.
 * {@link dev.throughline.bench.compare.Comparison} is the entry point; it lists the steps in order.
 */
package dev.throughline.bench.compare;
