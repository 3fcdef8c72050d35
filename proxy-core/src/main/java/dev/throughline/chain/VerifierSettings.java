package dev.throughline.chain;

import static com.google.common.base.Preconditions.checkArgument;

import dev.throughline.originator.HopId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * The settings of a hop's verifier.
 *
 * @param self the hop that verifies, the only accepted audience
 * @param startedAt when it started, or its clock was last set; links issued earlier may be replays
 * @param skew maximum difference between the clocks of two hops
 * @param maxHops maximum number of links
 * @param natExceptions pairs of hops between which addresses are translated
 */
public record VerifierSettings(
        HopId self, Instant startedAt, Duration skew, int maxHops, List<NatException> natExceptions) {
    /** The maximum lifetime of a link, during which replays must be recognised. */
    public static final Duration MAX_TTL = Duration.ofSeconds(30);

    /** The default lifetime of a link. */
    public static final Duration DEFAULT_TTL = Duration.ofSeconds(10);
    /** The default clock skew. */
    public static final Duration DEFAULT_SKEW = Duration.ofSeconds(2);
    /** The default maximum number of links. */
    public static final int DEFAULT_MAX_HOPS = 4;

    /**
     * Returns the defaults: a skew of 2 s, at most 4 hops, and no address translation.
     *
     * @param self the hop that verifies
     * @param startedAt the current time at start
     * @return the settings
     */
    public static VerifierSettings of(HopId self, Instant startedAt) {
        return new VerifierSettings(self, startedAt, DEFAULT_SKEW, DEFAULT_MAX_HOPS, List.of());
    }

    /**
     * Returns these settings with another start.
     *
     * @param instant when the clock was set, in its new time
     * @return the settings
     */
    public VerifierSettings startingAt(Instant instant) {
        return new VerifierSettings(self, instant, skew, maxHops, natExceptions);
    }

    /**
     * Checks the number of hops, and copies the exceptions.
     *
     * @throws IllegalArgumentException unless it is 1 to 8
     */
    public VerifierSettings {
        checkArgument(maxHops >= 1 && maxHops <= Chain.HARD_HOP_LIMIT, "a chain has 1 to 8 hops: %s", maxHops);
        natExceptions = List.copyOf(natExceptions);
    }
}
