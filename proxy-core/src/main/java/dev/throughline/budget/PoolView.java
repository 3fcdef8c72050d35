package dev.throughline.budget;

/**
 * A snapshot of a pool.
 *
 * @param name name of the pool
 * @param capacity number of places
 * @param inUse places in use
 * @param evicted places in use whose flows are being closed
 * @param open places that any originator may have; the rest is reserved
 */
public record PoolView(String name, int capacity, int inUse, int evicted, int open) {}
