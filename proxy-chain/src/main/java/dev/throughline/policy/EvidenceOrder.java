package dev.throughline.policy;

import dev.throughline.originator.Evidence;

/**
 * Which evidence says at least as much as which. The kernel's order is by what is proven: the process when it connected, a
 * process that held the socket, only the user, nothing.
 *
 * <p>A socket that several processes share has its user proven, and no more, as with {@code uid-only}. Who came from another
 * host without anybody who could say is as unknown as {@code unknown}. What a bridge hands over is the bridge's word and not
 * the kernel's: it is at least itself, and whoever believes bridges asks for them by name.
 */
public final class EvidenceOrder {
    private EvidenceOrder() {}

    /** Whether {@code evidence} says at least as much as {@code demanded}. */
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
