package dev.throughline.config;

/**
 * The flow log.
 *
 * @param openLines whether it has a line for each flow that opens, besides the one for each that closes
 */
public record LogConfig(boolean openLines) {
    public static final LogConfig DEFAULTS = new LogConfig(false);
}
