package dev.throughline.originator;

import java.util.Optional;

/** The evidence for an originator, with its code on the wire. Codes are never reassigned. */
public enum Evidence {
    /** The originator could not be determined. */
    UNKNOWN(0, "unknown", "the process that opened the flow is unknown"),
    /** Found by the kernel's exact socket lookup; exactly one process held the socket. */
    SOCKET_LOOKUP(1, "socket-lookup", "found by socket lookup in the kernel; one process holds the socket"),
    /** Recorded in the process's own context when it connected. */
    KERNEL_CONNECT(2, "kernel-connect", "recorded in the process's own context when it connected"),
    /** Handed over by a bridge agent that intercepts flows elsewhere. */
    BRIDGE(3, "bridge", "handed over by an agent that intercepted it"),
    /** Found by the kernel's exact socket lookup, which gave only the user. */
    UID_ONLY(4, "uid-only", "the kernel knows the user; the process is unknown"),
    /** Several processes held the socket, so none of them is named. */
    SHARED(5, "shared", "several processes hold the socket"),
    /** The flow came from another host, and no hop of the chain runs there. */
    REMOTE(6, "remote", "from another host, without an origin in the chain");

    /** A call of values() would make a copy. */
    private static final Evidence[] ALL = values();

    private final int code;
    private final String text;
    private final String meaning;

    Evidence(int code, String text, String meaning) {
        this.code = code;
        this.text = text;
        this.meaning = meaning;
    }

    /** {@return the code on the wire (SPEC, section 6)} */
    public int code() {
        return code;
    }

    /**
     * Returns the evidence with a code.
     *
     * @param code the code on the wire
     * @return empty for an unknown code, which must be rejected
     */
    public static Optional<Evidence> ofCode(int code) {
        return EnumCodes.find(ALL, Evidence::code, code);
    }

    /** {@return an explanation, in the words of SPEC, section 6} */
    public String meaning() {
        return meaning;
    }

    @Override
    public String toString() {
        return text;
    }
}
