/** What things cost. {@link dev.throughline.bench.Benchmarks} is the one command that prints it; nothing here is a test. */
package dev.throughline.bench;
