package dev.throughline.identify;

import java.time.Duration;

/**
 * Limits of the time and the number of lookups.
 *
 * @param processDeadline time to identify a process; after it, only the user is returned
 * @param digestDeadline additional time to hash an executable; after it, the flow has no digest
 * @param readDeadline time for one read of a file system or a process's memory; after it, its result is left out
 * @param maxPending maximum number of lookups that wait for a scan; further ones return only the user, at once
 */
public record IdentifyLimits(Duration processDeadline, Duration digestDeadline, Duration readDeadline, int maxPending) {
    /**
     * 2 s allow for a scan of a million descriptors; 500 ms for hashing 500 MB, and as long for a read; 16,384 exceeds the open
     * files of most processes.
     */
    public static final IdentifyLimits NORMAL =
            new IdentifyLimits(Duration.ofSeconds(2), Duration.ofMillis(500), Duration.ofMillis(500), 16_384);
}
