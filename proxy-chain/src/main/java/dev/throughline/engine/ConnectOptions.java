package dev.throughline.engine;

import java.time.Duration;

/**
 * Options of a connection that is opened.
 *
 * @param mark SO_MARK (socket(7)), set before the first packet; 0 for none
 * @param timeout after which the attempt fails
 */
public record ConnectOptions(int mark, Duration timeout) {}
