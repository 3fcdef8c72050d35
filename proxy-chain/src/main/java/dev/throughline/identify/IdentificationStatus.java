package dev.throughline.identify;

import com.google.common.collect.ImmutableList;
import dev.throughline.originator.Evidence;
import java.util.List;

/**
 * The evidence by which this host's processes are named now, and what prevents better evidence. One flow may still be named by
 * less: each says by which.
 *
 * @param best {@link Evidence#KERNEL_CONNECT}, {@link Evidence#SOCKET_LOOKUP}, {@link Evidence#UID_ONLY} or
 *     {@link Evidence#UNKNOWN}
 * @param reach what that covers
 * @param lacks what would be needed for more, nearest first; empty if there is nothing better
 */
public record IdentificationStatus(Evidence best, String reach, ImmutableList<MissingRequirement> lacks) {
    /** Those that can be in force, best first. */
    public static final ImmutableList<Evidence> LEVELS =
            ImmutableList.of(Evidence.KERNEL_CONNECT, Evidence.SOCKET_LOOKUP, Evidence.UID_ONLY, Evidence.UNKNOWN);

    /**
     * A requirement that isn't met.
     *
     * @param what is missing
     * @param hint what to do about it
     */
    public record MissingRequirement(String what, String hint) {}

    static IdentificationStatus of(Evidence best, String reach, List<MissingRequirement> lacks) {
        return new IdentificationStatus(best, reach, ImmutableList.copyOf(lacks));
    }

    /** In one line. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(best + ": " + reach);
        lacks.forEach(lack -> text.append("; better evidence is unavailable: ").append(lack.what()));
        return text.toString();
    }
}
