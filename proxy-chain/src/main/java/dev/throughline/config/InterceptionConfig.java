package dev.throughline.config;

import java.time.Duration;
import java.util.Optional;

/**
 * How a hop watches over its interception.
 *
 * @param repair whether it puts its rules and routes back after another program changed them
 * @param canary how often it opens a connection of its own through its rules, to see that they work; empty if never
 */
public record InterceptionConfig(boolean repair, Optional<Duration> canary) {
    public static final InterceptionConfig DEFAULTS = new InterceptionConfig(true, Optional.of(Duration.ofSeconds(2)));
}
