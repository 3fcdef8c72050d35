/** Benchmarks. {@link dev.throughline.bench.Benchmarks} is their command; nothing here is a test. */
package dev.throughline.bench;
