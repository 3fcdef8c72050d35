/**
 * Micro-benchmarks: the cost of single operations. {@link dev.throughline.bench.Benchmarks}, which {@code ./throughline bench micro}
 * runs, prints all of them. The package {@code compare} compares whole hops with other proxies.
 */
package dev.throughline.bench;
