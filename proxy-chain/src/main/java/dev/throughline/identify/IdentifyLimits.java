package dev.throughline.identify;

import java.time.Duration;

/**
 * How long a flow waits for a name, and how many may wait.
 *
 * @param processDeadline until when the process must be named; after it, the user alone is the answer
 * @param digestDeadline how much longer an executable may take to be hashed; after it, this flow goes without the hash
 * @param readDeadline how long one read of a file system or of a process's memory may take; after it, what it would tell is
 *     left out
 * @param maxPending lookups that wait for a scan; one more is answered with the user alone, at once
 */
public record IdentifyLimits(Duration processDeadline, Duration digestDeadline, Duration readDeadline, int maxPending) {
    private static final Duration READ = Duration.ofMillis(500);

    /** 2 s bear a scan of a million descriptors; 500 ms hash 500 MB; 16,384 is more than one process's open files allow. */
    public static final IdentifyLimits NORMAL =
            new IdentifyLimits(Duration.ofSeconds(2), Duration.ofMillis(500), READ, 16_384);

    /** With the usual time for a read. */
    public IdentifyLimits(Duration processDeadline, Duration digestDeadline, int maxPending) {
        this(processDeadline, digestDeadline, READ, maxPending);
    }
}
