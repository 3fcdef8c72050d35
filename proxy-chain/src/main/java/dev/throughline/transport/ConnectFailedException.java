package dev.throughline.transport;

import com.google.common.collect.ImmutableSet;
import io.netty.channel.ConnectTimeoutException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.util.Optional;

/** A connection that wasn't opened, and why: how {@link ConnectAttempt#opened} fails. */
public final class ConnectFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** The reason for a start that was given up at its deadline. */
    public static final String START_TIMEOUT = "start-timeout";

    /** The reason for a start that its flow gave up. */
    public static final String GIVEN_UP = "given-up";

    /** The reason for an agent that isn't there, or went in the middle. */
    public static final String AGENT_GONE = "agent-gone";

    /** The reason for a process that this hop asks nothing. */
    public static final String AGENT_NOT_ALLOWED = "agent-not-allowed";

    /** The reason for an agent that doesn't keep to BRIDGE.md. */
    public static final String AGENT_MALFORMED = "agent-malformed";

    /** What an agent that tells it says of the destination. Any other reason says what its own side can't do. */
    private static final ImmutableSet<String> OF_DESTINATIONS =
            ImmutableSet.of("connect-refused", "connect-timeout", "connect-unreachable");

    /** The reason for a start that wasn't tried, since the last ones failed or were slow. */
    public static final String BREAKER_OPEN = "breaker-open";

    /** The reason for a socket that couldn't be marked as this hop's. */
    public static final String NOT_MARKED = "not-marked";

    /** The reason when this process or host may open no more files. */
    public static final String NO_DESCRIPTORS = "no-descriptors";

    /** The reason when this host has no source port left towards the destination. */
    public static final String NO_PORTS = "no-ports";

    /** The reason when the kernel has no memory for a socket. */
    public static final String NO_SOCKETS = "no-sockets";

    /** What this host has no more of: it is over when others give it back, and no fault of a transport. */
    private static final ImmutableSet<String> SHORTAGES = ImmutableSet.of(NO_DESCRIPTORS, NO_PORTS, NO_SOCKETS);

    /** All reasons that are a transport's own, and that this hop gives itself. */
    public static final ImmutableSet<String> OF_TRANSPORTS = ImmutableSet.of(
            START_TIMEOUT,
            GIVEN_UP,
            AGENT_GONE,
            AGENT_NOT_ALLOWED,
            AGENT_MALFORMED,
            BREAKER_OPEN,
            NOT_MARKED,
            NO_DESCRIPTORS,
            NO_PORTS,
            NO_SOCKETS);

    private final String reason;
    private final String detail;
    private final Blame blame;

    /** Where it went wrong. */
    public enum Blame {
        /** On the way there: the agent, or its system; another way may do. */
        TRANSPORT,
        /** At the end of it, which is the same whatever the way. */
        DESTINATION
    }

    private ConnectFailedException(String reason, String detail, Blame blame) {
        super(reason + ": " + detail, null, false, false);
        this.reason = reason;
        this.detail = detail;
        this.blame = blame;
    }

    /** One of the reasons above. */
    static ConnectFailedException of(String reason, String detail) {
        return new ConnectFailedException(reason, detail, Blame.TRANSPORT);
    }

    /** What the agent said. */
    static ConnectFailedException failed(String reason) {
        return new ConnectFailedException(reason, "reported by the agent", blame(reason));
    }

    /**
     * The deadline came. Of a start that waits the agent says why; one that it says nothing of is on its way, and its destination
     * doesn't answer.
     *
     * @param waiting the last reason for which it waited
     */
    static ConnectFailedException late(Optional<String> waiting) {
        return new ConnectFailedException(
                START_TIMEOUT,
                waiting.map(reason -> "waiting: " + reason).orElse("no answer"),
                waiting.map(ConnectFailedException::blame).orElse(Blame.DESTINATION));
    }

    /** What the kernel answered when a connection to {@code destination} was opened. */
    static ConnectFailedException bySystem(Throwable problem, InetSocketAddress destination) {
        int errno = SystemError.of(problem).orElse(0);
        return switch (errno) {
            case SystemError.EMFILE, SystemError.ENFILE, SystemError.ENOMEM, SystemError.ENOBUFS, SystemError.ENOSPC ->
                shortage(errno);
            case SystemError.EADDRNOTAVAIL -> SourceAddress.existsFor(destination) ? noPorts() : noAddress();
            default -> new ConnectFailedException(reason(problem, errno), SystemError.text(problem), Blame.DESTINATION);
        };
    }

    /** This process or host has no more of what a socket takes. */
    static ConnectFailedException shortage(int errno) {
        return new ConnectFailedException(
                SystemError.isOfDescriptors(errno) ? NO_DESCRIPTORS : NO_SOCKETS,
                SystemError.shortage(errno),
                Blame.TRANSPORT);
    }

    private static ConnectFailedException noPorts() {
        return new ConnectFailedException(
                NO_PORTS,
                "this host has no source port left for it (widen net.ipv4.ip_local_port_range, or give it another"
                        + " address to connect to)",
                Blame.TRANSPORT);
    }

    private static ConnectFailedException noAddress() {
        return new ConnectFailedException(
                "connect-unreachable", "this host has no source address to reach it from", Blame.DESTINATION);
    }

    private static String reason(Throwable problem, int errno) {
        return switch (problem) {
            case ConnectTimeoutException timeout -> "connect-timeout";
            case NoRouteToHostException noRoute -> "connect-unreachable";
            case ConnectException refused when errno == SystemError.ECONNREFUSED -> "connect-refused";
            default -> "connect-failed";
        };
    }

    private static Blame blame(String reason) {
        return OF_DESTINATIONS.contains(reason) ? Blame.DESTINATION : Blame.TRANSPORT;
    }

    /** The agent's own, or one of those above; in the form of a close reason. */
    public String reason() {
        return reason;
    }

    /** What was found, for the log. */
    public String detail() {
        return detail;
    }

    /** Whether nothing was heard of the destination, for which the way there may be to blame as well. */
    public boolean isSilence() {
        return reason.equals("connect-timeout") || reason.equals(START_TIMEOUT);
    }

    public Blame blame() {
        return blame;
    }

    /** Whether this host has no more of something that connections take. */
    public boolean isShortage() {
        return SHORTAGES.contains(reason);
    }

    /** Reason and detail. */
    public String text() {
        return reason + ": " + detail();
    }
}
