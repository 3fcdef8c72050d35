package dev.throughline.chain;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import dev.throughline.originator.HopId;
import java.time.Duration;
import java.time.Instant;

/**
 * How strictly one hop verifies.
 *
 * @param self the hop that verifies: the only audience it accepts
 * @param startedAt when it started, or its clock was last set; what was issued before might have been presented before
 * @param skew by how much the clocks of two hops may differ
 * @param maxHops how many links a chain may have
 * @param natExceptions pairs of hops between which addresses are translated
 */
public record VerifierSettings(
        HopId self, Instant startedAt, Duration skew, int maxHops, ImmutableList<NatException> natExceptions) {
    /** No link may live longer: it is the time during which a replay must be recognised. */
    public static final Duration MAX_TTL = Duration.ofSeconds(30);

    /** What a signer usually gives a link. */
    public static final Duration DEFAULT_TTL = Duration.ofSeconds(10);
    /** By how much clocks usually may differ. */
    public static final Duration DEFAULT_SKEW = Duration.ofSeconds(2);
    /** How many links a chain usually may have. */
    public static final int DEFAULT_MAX_HOPS = 4;

    /**
     * The usual strictness: a skew of 2 s, at most 4 hops, and no address translation.
     *
     * @param self the hop that verifies
     * @param startedAt now, when it starts
     * @return the settings
     */
    public static VerifierSettings of(HopId self, Instant startedAt) {
        return new VerifierSettings(self, startedAt, DEFAULT_SKEW, DEFAULT_MAX_HOPS, ImmutableList.of());
    }

    /**
     * The same strictness from another start on.
     *
     * @param instant when its clock was set, by what it says now
     * @return the settings
     */
    public VerifierSettings startingAt(Instant instant) {
        return new VerifierSettings(self, instant, skew, maxHops, natExceptions);
    }

    /**
     * Checks the number of hops.
     *
     * @throws IllegalArgumentException unless it is 1 to 8
     */
    public VerifierSettings {
        checkArgument(maxHops >= 1 && maxHops <= Chain.HARD_HOP_LIMIT, "a chain has 1 to 8 hops: %s", maxHops);
    }
}
