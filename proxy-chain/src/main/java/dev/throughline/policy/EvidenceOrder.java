package dev.throughline.policy;

import dev.throughline.originator.Evidence;

/**
 * The partial order of evidence by strength. Evidence of the kernel is ordered by what it proves: the process that
 * connected, a process that held the socket, only the user, nothing.
 *
 * <p>A socket that several processes share proves only its user, like {@code uid-only}. {@code remote} proves as little
 * as {@code unknown}. Evidence of a bridge is a claim of the bridge, not of the kernel, so it never satisfies a demand
 * for evidence of the kernel: a rule that accepts it must name it.
 */
public final class EvidenceOrder {
    private EvidenceOrder() {}

    /** Returns whether {@code evidence} is at least as strong as {@code demanded}. */
    public static boolean isAtLeast(Evidence evidence, Evidence demanded) {
        if (demanded == Evidence.BRIDGE || (evidence == Evidence.BRIDGE && proves(demanded) > 0)) {
            return evidence == demanded;
        }
        return proves(evidence) >= proves(demanded);
    }

    private static int proves(Evidence evidence) {
        return switch (evidence) {
            case UNKNOWN, REMOTE, BRIDGE -> 0;
            case UID_ONLY, SHARED -> 1;
            case SOCKET_LOOKUP -> 2;
            case KERNEL_CONNECT -> 3;
        };
    }
}
