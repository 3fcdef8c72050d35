package dev.throughline.originator;

import java.util.Optional;

/** By what evidence an originator is known; the code is what travels. Codes once given are never given again. */
public enum Evidence {
    /** Nobody could say. The flow is still the flow; its opener is not known. */
    UNKNOWN(0, "unknown", "the process that opened the flow is unknown"),
    /** The kernel's exact socket lookup, and one process that was seen to hold that socket. */
    SOCKET_LOOKUP(1, "socket-lookup", "found by socket lookup in the kernel; one process holds the socket"),
    /** Recorded in the process's own context when it connected. */
    KERNEL_CONNECT(2, "kernel-connect", "recorded in the process's own context when it connected"),
    /** Handed over by a bridge agent that intercepts flows elsewhere. */
    BRIDGE(3, "bridge", "handed over by an agent that intercepted it"),
    /** The kernel's exact socket lookup gave the user; no process could be named. */
    UID_ONLY(4, "uid-only", "the kernel knows the user; the process is unknown"),
    /** Several processes hold the socket, so none of them is named. */
    SHARED(5, "shared", "several processes hold the socket"),
    /** The flow came from another host, where nobody who could say is in the chain. */
    REMOTE(6, "remote", "from another host, without an origin in the chain");

    private final int code;
    private final String text;
    private final String meaning;

    Evidence(int code, String text, String meaning) {
        this.code = code;
        this.text = text;
        this.meaning = meaning;
    }

    /** {@return the code that travels (SPEC, section 6)} */
    public int code() {
        return code;
    }

    /**
     * The evidence with this code.
     *
     * @param code as it travelled
     * @return empty for a code that isn't known to this version, which must be refused
     */
    public static Optional<Evidence> ofCode(int code) {
        return EnumCodes.find(values(), Evidence::code, code);
    }

    /** {@return what it says, in the words of SPEC, section 6} */
    public String meaning() {
        return meaning;
    }

    @Override
    public String toString() {
        return text;
    }
}
