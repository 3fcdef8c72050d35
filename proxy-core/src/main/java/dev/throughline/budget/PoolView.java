package dev.throughline.budget;

/**
 * A snapshot of a pool.
 *
 * @param name name of the pool
 * @param capacity number of slots
 * @param inUse slots in use
 * @param evicted slots in use whose flows are being closed
 * @param open slots that any originator may use; the rest is reserved
 */
public record PoolView(String name, int capacity, int inUse, int evicted, int open) {}
