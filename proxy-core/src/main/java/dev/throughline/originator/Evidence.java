package dev.throughline.originator;

import java.util.Optional;

/** By what evidence an originator is known; the code is what travels. Codes once given are never given again. */
public enum Evidence {
    /** Nobody could say. The flow is still the flow; its opener is not known. */
    UNKNOWN(0, "unknown"),
    /** The kernel's exact socket lookup, and one process that was seen to hold that socket. */
    SOCKET_LOOKUP(1, "socket-lookup"),
    /** Recorded in the process's own context when it connected. */
    KERNEL_CONNECT(2, "kernel-connect"),
    /** Handed over by a bridge agent that intercepts flows elsewhere. */
    BRIDGE(3, "bridge"),
    /** The kernel's exact socket lookup gave the user; no process could be named. */
    UID_ONLY(4, "uid-only"),
    /** Several processes hold the socket, so none of them is named. */
    SHARED(5, "shared"),
    /** The flow came from another host, where nobody who could say is in the chain. */
    REMOTE(6, "remote");

    private final int code;
    private final String text;

    Evidence(int code, String text) {
        this.code = code;
        this.text = text;
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
        for (Evidence evidence : values()) {
            if (evidence.code == code) {
                return Optional.of(evidence);
            }
        }
        return Optional.empty();
    }

    @Override
    public String toString() {
        return text;
    }
}
