package dev.throughline.config;

import com.google.common.collect.ImmutableList;
import java.time.Duration;
import java.util.Optional;

/**
 * How a hop watches over its interception.
 *
 * @param repair whether it puts its rules and routes back after another program changed them
 * @param canary how often it opens a connection of its own through its rules, to see that they work; empty if never
 * @param ownedTable whether its nft table belongs to it, where the kernel can do that, so that no other program can change or
 *     flush it
 * @param markUids the users of this hop and of later hops on this host: connections of others with their marks are refused;
 *     empty if any user may have the marks
 */
public record InterceptionConfig(
        boolean repair, Optional<Duration> canary, boolean ownedTable, ImmutableList<Integer> markUids) {
    public static final InterceptionConfig DEFAULTS =
            new InterceptionConfig(true, Optional.of(Duration.ofSeconds(2)), true, ImmutableList.of());
}
