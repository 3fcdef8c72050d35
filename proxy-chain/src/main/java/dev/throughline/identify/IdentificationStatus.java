package dev.throughline.identify;

import com.google.common.collect.ImmutableList;
import dev.throughline.originator.Evidence;
import java.util.List;

/**
 * The evidence by which this host's processes are identified now, and what prevents better evidence. A single flow may have
 * weaker evidence, which it carries.
 *
 * @param best {@link Evidence#KERNEL_CONNECT}, {@link Evidence#SOCKET_LOOKUP}, {@link Evidence#UID_ONLY} or
 *     {@link Evidence#UNKNOWN}
 * @param reach the processes that it covers
 * @param missing missing requirements for better evidence, nearest first; empty if there is no better one
 */
public record IdentificationStatus(Evidence best, String reach, ImmutableList<MissingRequirement> missing) {
    /** The possible levels, best first. */
    public static final ImmutableList<Evidence> LEVELS =
            ImmutableList.of(Evidence.KERNEL_CONNECT, Evidence.SOCKET_LOOKUP, Evidence.UID_ONLY, Evidence.UNKNOWN);

    /**
     * A requirement that isn't met.
     *
     * @param what is missing
     * @param hint what to do about it
     */
    public record MissingRequirement(String what, String hint) {}

    static IdentificationStatus of(Evidence best, String reach, List<MissingRequirement> missing) {
        return new IdentificationStatus(best, reach, ImmutableList.copyOf(missing));
    }

    /** Returns the status on one line. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(best + ": " + reach);
        missing.forEach(
                lack -> text.append("; better evidence is unavailable: ").append(lack.what()));
        return text.toString();
    }
}
