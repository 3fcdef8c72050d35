package dev.throughline.report;

import java.util.List;

/**
 * The result of a reload of keys and policy.
 *
 * @param applied whether the hop uses what it read; otherwise all is as it was
 * @param lines what has changed, or everything that is wrong
 */
public record Reload(boolean applied, List<String> lines) {}
