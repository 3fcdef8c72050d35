package dev.throughline.budget;

/**
 * A pool as it was a moment ago.
 *
 * @param name of what is limited
 * @param capacity places in all
 * @param inUse places that aren't free
 * @param evicted of these, those whose flows are being closed to make room
 * @param open places that anybody may have; the rest is reserved
 */
public record PoolView(String name, int capacity, int inUse, int evicted, int open) {}
