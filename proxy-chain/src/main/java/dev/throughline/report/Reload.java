package dev.throughline.report;

import java.util.List;

/**
 * The result of a reload of keys and policy.
 *
 * @param applied whether the hop uses what it read; otherwise nothing changed
 * @param lines all changes, or all problems
 */
public record Reload(boolean applied, List<String> lines) {}
