package dev.throughline.flow;

/**
 * How a flow ended.
 *
 * @param detail what was found and what was expected; empty where the reason says it all
 */
public record CloseResult(CloseReason reason, String detail) {}
