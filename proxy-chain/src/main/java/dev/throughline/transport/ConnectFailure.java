package dev.throughline.transport;

import java.util.Arrays;
import java.util.Locale;

/**
 * The reason for which a connection was not opened. The code of a failure, such as {@code agent-gone}, is the form that logs
 * and metrics use.
 */
public enum ConnectFailure {
    /** The destination refused it. */
    CONNECT_REFUSED(Blame.DESTINATION),
    /** The destination did not answer in time. */
    CONNECT_TIMEOUT(Blame.DESTINATION),
    /** There is no route to the destination. */
    CONNECT_UNREACHABLE(Blame.DESTINATION),
    /** The kernel reported any other error. */
    CONNECT_FAILED(Blame.DESTINATION),
    /** The deadline of the transport expired while it waited for something of its own. */
    START_TIMEOUT(Blame.TRANSPORT),
    /** The deadline of the transport expired, and nothing but the destination can be late. */
    START_UNANSWERED("start-timeout", Blame.DESTINATION),
    /** The flow ended before its connection was open. */
    GIVEN_UP(Blame.TRANSPORT),
    /** No agent is connected, or it disconnected before it answered. */
    AGENT_GONE(Blame.TRANSPORT),
    /** Another process than the configured agent listens at its socket. */
    AGENT_NOT_ALLOWED(Blame.TRANSPORT),
    /** The agent violated BRIDGE.md. */
    AGENT_MALFORMED(Blame.TRANSPORT),
    /** The agent reported a reason that this hop does not know. */
    AGENT_FAILED(Blame.TRANSPORT),
    /** Not attempted: recent attempts failed or were slow. */
    BREAKER_OPEN(Blame.TRANSPORT),
    /** The socket could not be marked as this hop's. */
    NOT_MARKED(Blame.TRANSPORT),
    /** This process or host can't open more files. */
    NO_DESCRIPTORS(Blame.TRANSPORT),
    /** This host has no source port left for the destination. */
    NO_PORTS(Blame.TRANSPORT),
    /** The kernel has no memory for a socket. */
    NO_SOCKETS(Blame.TRANSPORT);

    private final String code;
    private final Blame blame;

    /** The party at fault. It decides whether another transport can help. */
    public enum Blame {
        /** The transport, its agent or this host: another transport may succeed. */
        TRANSPORT,
        /** The destination or the network to it: no transport can help. */
        DESTINATION
    }

    ConnectFailure(Blame blame) {
        this.code = name().toLowerCase(Locale.ROOT).replace('_', '-');
        this.blame = blame;
    }

    ConnectFailure(String code, Blame blame) {
        this.code = code;
        this.blame = blame;
    }

    /**
     * Returns the failure that an agent reports with {@code code}. An agent that reports {@code connect-failed} does not say
     * that the destination is the cause, so this is {@link #AGENT_FAILED} as well.
     */
    static ConnectFailure reportedAs(String code) {
        return Arrays.stream(values())
                .filter(failure -> failure != CONNECT_FAILED && failure.code.equals(code))
                .findFirst()
                .orElse(AGENT_FAILED);
    }

    public Blame blame() {
        return blame;
    }

    /** Returns whether the destination did not answer; a transport that can stall may be the cause as well. */
    public boolean isSilence() {
        return this == CONNECT_TIMEOUT || this == START_TIMEOUT || this == START_UNANSWERED;
    }

    /** Returns whether this host has no more of something that connections need. It ends when others release it. */
    public boolean isShortage() {
        return this == NO_DESCRIPTORS || this == NO_PORTS || this == NO_SOCKETS;
    }

    /** Returns whether the flow may try its next transport. A deadline may be the fault of the transport in either case. */
    public boolean allowsAnotherTransport() {
        return blame == Blame.TRANSPORT || this == START_UNANSWERED;
    }

    /** Returns the code for logs and metrics. */
    @Override
    public String toString() {
        return code;
    }
}
