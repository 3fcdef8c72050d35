package dev.throughline.config;

import com.google.common.collect.ImmutableList;
import java.time.Duration;
import java.util.Optional;

/**
 * The supervision of a hop's interception.
 *
 * @param repair whether the hop restores its rules and routes after another program changed them
 * @param canary interval of the test connections through the rules; empty for none
 * @param ownedTable whether the hop owns its nft table if the kernel supports that, so that no other program can change
 *     or flush it
 * @param markUids the users of this hop and of later hops on this host: connections of other users with their marks are
 *     refused; empty if any user may set the marks
 */
public record InterceptionConfig(
        boolean repair, Optional<Duration> canary, boolean ownedTable, ImmutableList<Integer> markUids) {
    public static final InterceptionConfig DEFAULTS =
            new InterceptionConfig(true, Optional.of(Duration.ofSeconds(2)), true, ImmutableList.of());
}
